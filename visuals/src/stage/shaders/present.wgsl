// The last step: what was shown becomes what the guard allows; then bytes, with noise below their steps.

@group(1) @binding(0) var shown: texture_2d<f32>;

fn encoded(c: vec3f) -> vec3f {
    let low = c * 12.92;
    let high = 1.055 * pow(max(c, vec3f(0.0031308)), vec3f(1.0 / 2.4)) - 0.055;
    return select(high, low, c <= vec3f(0.0031308));
}

fn dithered(in: Corner) -> vec3f {
    let c = textureSampleLevel(shown, smooth_edge, in.uv, 0.0).rgb;
    let pixel = vec2u(in.position.xy);
    let noise = hashed(pixel.x, pixel.y, u32(v.number)) + hashed(pixel.y, pixel.x, u32(v.number) + 7919u) - 1.0;
    return clamp(encoded(clamp(c, vec3f(0.0), vec3f(1.0))) + noise / 255.0, vec3f(0.0), vec3f(1.0));
}

// Onto a surface that takes bytes as they are.
@fragment
fn to_bytes(in: Corner) -> @location(0) vec4f {
    return vec4f(dithered(in), 1.0);
}

// Onto a surface that encodes by itself.
@fragment
fn to_light(in: Corner) -> @location(0) vec4f {
    let c = dithered(in);
    let low = c / 12.92;
    let high = pow(max((c + 0.055) / 1.055, vec3f(0.0)), vec3f(2.4));
    return vec4f(select(high, low, c <= vec3f(0.04045)), 1.0);
}

// Onto what holds light exactly: no noise is needed.
@fragment
fn to_exact(in: Corner) -> @location(0) vec4f {
    let c = textureSampleLevel(shown, smooth_edge, in.uv, 0.0).rgb;
    return vec4f(clamp(c, vec3f(0.0), vec3f(1.0)), 1.0);
}
