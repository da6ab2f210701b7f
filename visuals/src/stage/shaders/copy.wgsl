// The same in another size.

@group(1) @binding(0) var source: texture_2d<f32>;

@fragment
fn copy(in: Corner) -> @location(0) vec4f {
    return textureSampleLevel(source, smooth_edge, in.uv, 0.0);
}
