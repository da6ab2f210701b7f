// The lens: dispersion, glow, contours, steps of tone, vignette, grain.

@group(1) @binding(0) var drawn: texture_2d<f32>;
@group(1) @binding(1) var glow: texture_2d<f32>;

fn drawn_at(uv: vec2f) -> vec3f {
    return textureSampleLevel(drawn, smooth_edge, uv, 0.0).rgb;
}

@fragment
fn finish(in: Corner) -> @location(0) vec4f {
    let centred = in.uv - 0.5;
    var c = drawn_at(in.uv);
    if v.split > 0.0005 {
        let shift = centred * dot(centred, centred) * v.split * 0.16;
        c = vec3f(drawn_at(in.uv - shift).r, c.g, drawn_at(in.uv + shift).b);
    }
    let texel = 1.0 / vec2f(v.width, v.height);
    // Light edges are lifted a little, as a good lens does.
    if v.clarity > 0.001 {
        let near = drawn_at(in.uv + vec2f(texel.x, 0.0) * 1.5) + drawn_at(in.uv - vec2f(texel.x, 0.0) * 1.5)
            + drawn_at(in.uv + vec2f(0.0, texel.y) * 1.5) + drawn_at(in.uv - vec2f(0.0, texel.y) * 1.5);
        c = max(c + v.clarity * (c - near * 0.25), c * 0.4);
    }
    if v.edges > 0.001 {
        let wide = texel * 1.5;
        let gx = to_lab(drawn_at(in.uv + vec2f(wide.x, 0.0))) - to_lab(drawn_at(in.uv - vec2f(wide.x, 0.0)));
        let gy = to_lab(drawn_at(in.uv + vec2f(0.0, wide.y))) - to_lab(drawn_at(in.uv - vec2f(0.0, wide.y)));
        let edge = smoothstep(0.03, 0.22, sqrt(dot(gx, gx) + dot(gy, gy)));
        c = mix(c, palette_colour(4) * (1.0 + v.accent), edge * v.edges);
    }
    if v.posterize > 1.5 {
        var lab = to_lab(c);
        let steps = v.posterize;
        let at = lab.x * steps;
        // Steps with a soft tread, so that they do not crawl.
        let tread = floor(at) + smoothstep(0.42, 0.58, fract(at));
        let l = tread / steps;
        lab = vec3f(l, lab.yz * (l + 0.08) / (lab.x + 0.08));
        c = from_lab(lab);
    }
    let shine = textureSampleLevel(glow, smooth_edge, in.uv, 0.0).rgb;
    c += shine * v.glow;
    // A shoulder: what is too bright bends towards white and keeps its hue for a while.
    let l = luminance(c);
    let over = max(l - 0.62, 0.0);
    let bent = select(l, 0.62 + 0.38 * (1.0 - exp(-over / 0.38)), l > 0.62);
    c *= bent / max(l, 1e-4);
    c = mix(c, vec3f(bent), smoothstep(0.75, 1.0, bent) * 0.5);
    c = min(c, vec3f(1.0));
    let corner = dot(centred, centred) * 2.0;
    c *= 1.0 - v.vignette * smoothstep(0.12, 1.05, corner);
    if v.grain > 0.001 {
        let pixel = vec2u(in.uv * vec2f(v.width, v.height));
        let h = hashed(pixel.x, pixel.y, u32(v.number));
        let grey = (h.x + h.y - 1.0) * v.grain;
        let root = sqrt(max(c, vec3f(0.0)));
        c = pow(max(root + grey * (0.35 + 0.65 * (1.0 - root)), vec3f(0.0)), vec3f(2.0));
    }
    return vec4f(c, 1.0);
}
