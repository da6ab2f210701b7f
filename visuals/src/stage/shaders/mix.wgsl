// Two layers become one; light, strobe and text.

@group(1) @binding(0) var outgoing: texture_2d<f32>;
@group(1) @binding(1) var incoming: texture_2d<f32>;
@group(1) @binding(2) var text: texture_2d<f32>;

struct Together {
    share: f32,
    light: f32,
    strobe: f32,
    text: f32,
}
@group(1) @binding(3) var<uniform> t: Together;

@fragment
fn together(in: Corner) -> @location(0) vec4f {
    var c = textureSampleLevel(outgoing, smooth_edge, in.uv, 0.0).rgb;
    if t.share > 0.0 {
        // In the eye's scale, so that the middle is not brighter than both ends.
        let other = textureSampleLevel(incoming, smooth_edge, in.uv, 0.0).rgb;
        let root = mix(sqrt(max(c, vec3f(0.0))), sqrt(max(other, vec3f(0.0))), t.share);
        c = root * root;
    }
    c = mix(c, vec3f(1.0), t.strobe) * t.light * t.light;
    if t.text > 0.0 {
        let letters = textureSampleLevel(text, smooth_edge, in.uv, 0.0);
        // Alpha holds letter and shade; red says how much of it is letter.
        c = mix(c, vec3f(letters.r), letters.a * t.text);
    }
    return vec4f(clamp(c, vec3f(0.0), vec3f(1.0)), 1.0);
}
