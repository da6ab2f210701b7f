// Which way forms run: the structure tensor of the picture's lightness (J. Bigün and G. Granlund, 1987), smoothed, as the
// doubled angle, so that it can be interpolated.

@group(1) @binding(0) var picture: texture_2d<f32>;

fn lightness(uv: vec2f) -> f32 {
    return textureSampleLevel(picture, smooth_edge, uv, 0.0).a;
}

@fragment
fn flow(in: Corner) -> @location(0) vec4f {
    let step = 1.0 / 128.0;
    var tensor = vec3f(0.0);
    var mean = 0.0;
    var sum = 0.0;
    for (var y = -3; y <= 3; y++) {
        for (var x = -3; x <= 3; x++) {
            let at = in.uv + vec2f(f32(x), f32(y)) * step * 1.5;
            let gx = lightness(at + vec2f(step, 0.0)) - lightness(at - vec2f(step, 0.0));
            let gy = lightness(at + vec2f(0.0, step)) - lightness(at - vec2f(0.0, step));
            let w = exp(-f32(x * x + y * y) / 6.0);
            tensor += w * vec3f(gx * gx, gx * gy, gy * gy);
            mean += w * lightness(at);
            sum += w;
        }
    }
    // Along the forms is across the gradient: half a turn of the doubled angle.
    let doubled = -vec2f(tensor.x - tensor.z, 2.0 * tensor.y);
    return vec4f(doubled / (length(doubled) + 0.002 * sum), mean / sum, sqrt((tensor.x + tensor.z) / sum));
}
