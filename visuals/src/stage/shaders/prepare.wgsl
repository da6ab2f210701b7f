// The older and the newer picture become one, in linear light, with its lightness beside.

@group(1) @binding(0) var older: texture_2d<f32>;
@group(1) @binding(1) var newer: texture_2d<f32>;

@fragment
fn prepare(in: Corner) -> @location(0) vec4f {
    let a = textureSampleLevel(older, smooth_edge, in.uv, 0.0).rgb;
    let b = textureSampleLevel(newer, smooth_edge, in.uv, 0.0).rgb;
    let c = mix(a, b, v.between);
    return vec4f(c, to_lab(c).x);
}
