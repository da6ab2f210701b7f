// The picture of a layer: where to look (fold, warp, view), what is there (two sources), with what it is drawn (medium).

@group(1) @binding(0) var first: texture_2d<f32>;
@group(1) @binding(1) var second: texture_2d<f32>;
@group(1) @binding(2) var first_flow: texture_2d<f32>;
@group(1) @binding(3) var second_flow: texture_2d<f32>;

// Fold and medium are known when a pipeline is made, so that each has only its own code: a card that draws in software would
// otherwise go through all of them for each pixel.
override FOLD: i32 = 0;
override MEDIUM: i32 = 0;

// Light that the fold adds: a factor, and how far outside of the picture a place is.
var<private> light: f32 = 1.0;
var<private> outside: f32 = 0.0;

fn triangle(x: f32) -> f32 {
    return abs(fract(x * 0.5 + 0.25) * 2.0 - 1.0) - 0.5;
}

fn folded(p0: vec2f) -> vec2f {
    var p = p0;
    light = 1.0;
    outside = 0.0;
    let n = max(v.fold_count, 1.0);
    switch FOLD {
        case 1: { // mirror
            p = turned(p, v.fold_turn);
            p.x = abs(p.x) - 0.25 * v.fold_reach;
        }
        case 2: { // kaleidoscope
            let r = length(p);
            let wedge = TAU / n;
            let a = atan2(p.y, p.x) + TAU * v.fold_turn;
            let b = abs((a / wedge - floor(a / wedge)) - 0.5) * wedge;
            // Rings mirror back, so that the outer parts have as much to see as the inner ones.
            let ring = abs(triangle(r * 1.6 / v.fold_reach)) + 0.05 * r;
            p = vec2f(cos(b), sin(b)) * mix(r, ring, 0.75) - vec2f(0.22, 0.08);
        }
        case 3: { // tiles, each the mirror of its neighbour
            p = turned(p, v.fold_turn) * n;
            p = vec2f(triangle(p.x), triangle(p.y)) * v.fold_reach;
        }
        case 4: { // tunnel
            let r = length(p) + 1e-4;
            let a = atan2(p.y, p.x) / TAU + v.fold_turn + 0.06 * log(r);
            let depth = -log(r) * 0.42 + v.travel;
            light = smoothstep(0.0, 0.16, r) * (0.75 + 0.5 * r);
            p = vec2f(triangle(a * n), triangle(depth * 2.0)) * 0.9 * v.fold_reach;
        }
        case 5: { // globe
            let r = length(p) / (0.40 * v.fold_reach);
            if r < 1.0 {
                let z = sqrt(1.0 - r * r);
                let q = p / (0.40 * v.fold_reach);
                let tilt = 0.35;
                let up = vec3f(q.x, q.y * cos(tilt) - z * sin(tilt), q.y * sin(tilt) + z * cos(tilt));
                let sun = normalize(vec3f(-0.55, -0.45, 0.6));
                light = 0.06 + 1.45 * max(dot(vec3f(q, z), sun), 0.0) + 0.5 * pow(max(1.0 - z, 0.0), 3.0);
                p = vec2f(triangle(4.0 * (atan2(up.x, up.z) / TAU + v.fold_turn)) , asin(clamp(up.y, -1.0, 1.0)) * 0.45);
            } else {
                outside = r;
                light = 0.0;
            }
        }
        case 6: { // whirl
            let r = length(p);
            p = turned(p, v.fold_turn + 0.35 * v.fold_reach * exp(-3.0 * r) * n * 0.25);
        }
        case 7: { // crystal: mirrors along the sides of triangles
            p = turned(p, v.fold_turn) * n * 0.5;
            for (var i = 0; i < 5; i++) {
                p = abs(p) - vec2f(0.27, 0.13) * v.fold_reach;
                p = turned(p, 0.0833333);
            }
        }
        default: {}
    }
    return p;
}

fn warped(p: vec2f) -> vec2f {
    let t = v.flow;
    let n1 = noise(p * v.warp_size + vec2f(0.31 * t, -0.23 * t)).xy - 0.5;
    let n2 = noise(p * v.warp_size * 2.3 + 2.0 * n1 + vec2f(17.0 - 0.29 * t, 5.0 + 0.37 * t)).xy - 0.5;
    return p + v.warp * (n1 + 0.45 * n2);
}

// From a place on the screen (height 1, middle 0) to a place in the pictures.
fn place(p0: vec2f) -> vec2f {
    var p = folded(p0);
    p = warped(p);
    if v.cross > 0.0 {
        let f = textureSampleLevel(second_flow, smooth_mirror, p + 0.5, 0.0);
        p += v.cross * (f.z - 0.5) * vec2f(f.x, f.y + 0.3);
    }
    p = turned(p, v.turn) / v.zoom;
    // The square covers the width; `stretch` squeezes some of what would be cut off back in.
    let wide = v.aspect;
    let free = f32(FOLD < 2);
    let scale = mix(vec2f(1.0), vec2f(1.0 / wide, mix(1.0 / wide, 1.0, v.stretch)), free);
    return p * scale + 0.5 + vec2f(v.pan_x, v.pan_y);
}

// Catmull-Rom in nine taps that the sampler takes as five (C. de Rousiers; the corners weigh next to nothing).
fn sharp(map: texture_2d<f32>, uv: vec2f) -> vec4f {
    let size = vec2f(textureDimensions(map));
    let at = uv * size;
    let middle = floor(at - 0.5) + 0.5;
    let f = at - middle;
    let w0 = f * (-0.5 + f * (1.0 - 0.5 * f));
    let w1 = 1.0 + f * f * (-2.5 + 1.5 * f);
    let w2 = f * (0.5 + f * (2.0 - 1.5 * f));
    let w3 = f * f * (-0.5 + 0.5 * f);
    let w12 = w1 + w2;
    let t0 = (middle - 1.0) / size;
    let t3 = (middle + 2.0) / size;
    let t12 = (middle + w2 / w12) / size;
    var sum = textureSampleLevel(map, smooth_mirror, vec2f(t12.x, t0.y), 0.0) * w12.x * w0.y;
    sum += textureSampleLevel(map, smooth_mirror, vec2f(t0.x, t12.y), 0.0) * w0.x * w12.y;
    sum += textureSampleLevel(map, smooth_mirror, t12, 0.0) * w12.x * w12.y;
    sum += textureSampleLevel(map, smooth_mirror, vec2f(t3.x, t12.y), 0.0) * w3.x * w12.y;
    sum += textureSampleLevel(map, smooth_mirror, vec2f(t12.x, t3.y), 0.0) * w12.x * w3.y;
    let weight = w12.x * w0.y + w0.x * w12.y + w12.x * w12.y + w3.x * w12.y + w12.x * w3.y;
    return max(sum / weight, vec4f(0.0));
}

fn blended(a: vec4f, b: vec4f) -> vec4f {
    var c = a.rgb;
    switch i32(v.blend_mode + 0.5) {
        case 1: { c = a.rgb + b.rgb - a.rgb * b.rgb; }
        case 2: { c = a.rgb * b.rgb * 1.6; }
        case 3: { c = abs(a.rgb - b.rgb); }
        case 4: { c = max(a.rgb, b.rgb); }
        case 5: { // where the first is light, the second shows
            c = mix(a.rgb, b.rgb, smoothstep(0.35, 0.65, a.a));
        }
        default: { c = b.rgb; }
    }
    let out = mix(a.rgb, c, v.blend);
    return vec4f(out, to_lab(out).x);
}

// What is seen at a place of the pictures.
fn seen(uv: vec2f) -> vec4f {
    let a = sharp(first, uv);
    if v.blend <= 0.001 { return a; }
    return blended(a, sharp(second, (uv - 0.5) * v.second_zoom + 0.5));
}

// The same without sharpness: for places of which many are looked at.
fn glimpsed(uv: vec2f) -> vec4f {
    let a = textureSampleLevel(first, smooth_mirror, uv, 0.0);
    if v.blend <= 0.001 { return a; }
    return blended(a, textureSampleLevel(second, smooth_mirror, (uv - 0.5) * v.second_zoom + 0.5, 0.0));
}

fn flow_at(uv: vec2f) -> vec4f {
    let a = textureSampleLevel(first_flow, smooth_mirror, uv, 0.0);
    let b = textureSampleLevel(second_flow, smooth_mirror, (uv - 0.5) * v.second_zoom + 0.5, 0.0);
    return mix(a, b, v.blend * 0.7);
}

// A stroke of a loaded brush: noise smeared along the forms (B. Cabral and L. Leedom, "Imaging vector fields using line
// integral convolution", 1993). x: bristles, 0 to 1; y: light that falls on them from the upper left.
struct Stroke { along: vec2f, bristle: f32, relief: f32, wander: f32 }

fn stroke(uv: vec2f, p: vec2f) -> Stroke {
    let f = flow_at(uv).xy;
    // Where there are no forms, strokes follow a slow field of their own.
    let own = noise(p * 1.7 + 3.0).xy - 0.5;
    let doubled = f + 0.35 * own;
    let angle = 0.5 * atan2(doubled.y, doubled.x);
    let along = vec2f(cos(angle), sin(angle));
    let scale = 95.0 / v.brush_size;
    var bristle = 0.0;
    var relief = 0.0;
    var sum = 0.0;
    for (var i = -5; i <= 5; i++) {
        let w = 1.0 - abs(f32(i)) / 6.5;
        // Steps of less than a cell of the noise, or strokes would be strings of beads.
        let n = textureSampleLevel(noise_map, smooth_repeat, (2.0 * p * scale + along * f32(i) * 0.95) / 256.0, 0.0);
        bristle += w * n.r;
        relief += w * (n.a - 0.5);
        sum += w;
    }
    let blot = textureSampleLevel(noise_map, smooth_repeat, p * scale * 0.11 / 256.0 * 2.0 + 0.37, 0.0).g;
    return Stroke(along, bristle / sum, relief / sum, blot - 0.5);
}

fn graded(c: vec4f) -> vec3f {
    var lab = to_lab(c.rgb * v.exposure);
    // Shadows first, then contrast about the middle grey of the eye.
    let l = pow(clamp(lab.x, 0.0, 1.3), 1.0 + v.depth);
    let s = clamp(l, 0.0, 1.0);
    lab.x = mix(l, s * s * (3.0 - 2.0 * s), v.contrast);
    let chroma = turned(lab.yz, v.hue) * v.chroma;
    let own = vec3f(lab.x, chroma);
    if v.palette <= 0.001 { return from_lab(own); }
    let at = fract(lab.x * v.palette_bands * 0.999 + v.palette_turn);
    // More than one band runs there and back, so that there are no seams.
    let there = select(at, 1.0 - abs(2.0 * fract(lab.x * v.palette_bands * 0.5 + v.palette_turn) - 1.0), v.palette_bands > 1.01 || abs(v.palette_turn) > 1e-5);
    let ink = to_lab(palette_at(there));
    let mixed = vec3f(mix(ink.x, ink.x * 0.6 + 0.4 * lab.x, 0.5), turned(ink.yz, v.hue) + 0.25 * chroma);
    return from_lab(mix(own, mixed, v.palette));
}

fn plain(p: vec2f) -> vec3f {
    var uv = place(p);
    let fold_light = light;
    let away = outside;
    var shade = 1.0;
    if v.brush > 0.001 {
        let s = stroke(uv, p);
        let across = vec2f(-s.along.y, s.along.x);
        // Each stroke has taken its colour from somewhere near.
        uv += v.brush * 0.011 * v.brush_size * (s.along * s.wander * 2.4 + across * (s.bristle - 0.5) * 1.6);
        shade = 1.0 + v.brush_relief * s.relief * 5.0 + 0.35 * v.brush * (s.bristle - 0.5);
    }
    var c = graded(seen(uv)) * shade * fold_light;
    if away > 0.0 { c = sky(p, away); }
    return c;
}

// Around the globe: a rim of light, and stars.
fn sky(p: vec2f, away: f32) -> vec3f {
    let rim = exp(-5.5 * (away - 1.0)) * (0.35 + 0.65 * v.accent);
    let cell = floor(p * 46.0);
    let dice = chance(cell);
    let spot = (fract(p * 46.0) - 0.5) - (dice.xy - 0.5) * 0.7;
    let star = step(0.86, dice.z) * exp(-dot(spot, spot) * 160.0) * (0.4 + 0.6 * dice.w);
    return palette_at(0.12) * 0.5 + palette_at(0.7) * rim * 0.6 + vec3f(star) + palette_at(0.3) * noise(p * 3.0 + v.flow * 0.1).x * 0.14;
}

// Coloured glass in lead.
fn mosaic(p: vec2f) -> vec3f {
    let scale = v.medium_size;
    let q = p * scale;
    let cell = floor(q);
    var nearest = 9.0;
    var next = 9.0;
    var home = vec2f(0.0);
    for (var y = -1; y <= 1; y++) {
        for (var x = -1; x <= 1; x++) {
            let at = cell + vec2f(f32(x), f32(y));
            let dice = chance(at).xy;
            let centre = at + 0.5 + 0.42 * sin(TAU * dice + v.flow * 0.7);
            let d = length(q - centre);
            if d < nearest {
                next = nearest;
                nearest = d;
                home = centre;
            } else if d < next {
                next = d;
            }
        }
    }
    let uv = place(home / scale);
    let here = place(p);
    let fold_light = light;
    let lead = smoothstep(0.035, 0.11, next - nearest);
    let dice = chance(floor(home * 7.0));
    let streaks = noise(p * vec2f(19.0, 33.0) + dice.xy * 40.0).x;
    let c = graded(mix(glimpsed(uv), glimpsed(here), 0.22 * v.medium_depth));
    let glass = c * (0.72 + 0.5 * dice.z) * (0.86 + 0.28 * streaks) * (1.25 - 0.55 * nearest);
    let edge = smoothstep(0.16, 0.05, abs(next - nearest - 0.12)) * 0.22;
    return mix(vec3f(0.006, 0.006, 0.009) + 0.05 * noise(p * 90.0).y * edge, glass * fold_light + glass * edge, lead);
}

fn screen_of_dots(p: vec2f, turns: f32, channel: i32) -> f32 {
    let q = turned(p, turns) * v.medium_size;
    let centre = floor(q) + 0.5;
    let back = turned(centre / v.medium_size, -turns);
    let c = graded(glimpsed(place(back)));
    let tone = pow(clamp(c, vec3f(0.0), vec3f(1.0)), vec3f(0.4545));
    var ink = 1.0 - tone.x;
    if channel == 1 { ink = 1.0 - tone.y; }
    if channel == 2 { ink = 1.0 - tone.z; }
    if channel == 3 { ink = 1.0 - max(tone.x, max(tone.y, tone.z)); }
    let radius = sqrt(clamp(ink, 0.0, 1.0)) * 0.72;
    let d = length(q - centre);
    let soft = v.medium_size / v.height * 0.9;
    return 1.0 - smoothstep(radius - soft, radius + soft, d);
}

// Printed in dots: cyan, magenta, yellow and black screens at their angles, on paper, a little out of register.
fn halftone(p: vec2f) -> vec3f {
    let miss = 0.0016 * v.medium_depth;
    let fibre = noise(p * 260.0).x * 0.05 + noise(p * 40.0).y * 0.04;
    let paper = palette_colour(4) * (0.97 - fibre);
    let cyan = screen_of_dots(p + vec2f(miss, 0.0), 0.0417, 0);
    let magenta = screen_of_dots(p - vec2f(miss, miss), 0.2083, 1);
    let yellow = screen_of_dots(p, 0.0, 2);
    let black = screen_of_dots(p, 0.125, 3);
    var c = paper;
    c *= mix(vec3f(1.0), palette_colour(1), cyan * 0.92);
    c *= mix(vec3f(1.0), palette_colour(2), magenta * 0.92);
    c *= mix(vec3f(1.0), palette_colour(3), yellow * 0.9);
    c *= mix(vec3f(1.0), palette_colour(0), black * 0.9);
    return c;
}

// Beaten metal: the picture's light as height, under a lamp that wanders.
fn relief(p: vec2f) -> vec3f {
    let uv = place(p);
    let fold_light = light;
    let e = 0.0045;
    let s = stroke(uv, p);
    let h = glimpsed(uv).a;
    let hx = glimpsed(uv + vec2f(e, 0.0)).a - glimpsed(uv - vec2f(e, 0.0)).a;
    let hy = glimpsed(uv + vec2f(0.0, e)).a - glimpsed(uv - vec2f(0.0, e)).a;
    let bumps = v.medium_depth * vec2f(hx, hy) * 5.0 + v.brush_relief * vec2f(s.relief, s.relief) * 2.6;
    let normal = normalize(vec3f(-bumps, 0.55));
    let lamp = normalize(vec3f(0.8 * cos(v.flow * 0.9), -0.5 + 0.4 * sin(v.flow * 0.7), 0.55 + 0.25 * v.accent));
    let eye = vec3f(0.0, 0.0, 1.0);
    let diffuse = max(dot(normal, lamp), 0.0);
    let shine = pow(max(dot(normal, normalize(lamp + eye)), 0.0), 38.0);
    let rim = pow(max(dot(normal, normalize(vec3f(-lamp.x, 0.6, 0.35))), 0.0), 6.0);
    let metal = palette_at(clamp(0.06 + 0.74 * diffuse * (0.3 + 0.8 * h), 0.0, 1.0));
    let own = graded(glimpsed(uv));
    let c = mix(own * (0.25 + 1.1 * diffuse), metal * (0.18 + 0.8 * diffuse), v.palette);
    return (c + palette_colour(4) * shine * (0.6 + 0.8 * v.accent) + palette_colour(2) * rim * 0.25) * fold_light;
}

// Lines one behind the other, raised where the picture is light.
fn threads(p: vec2f) -> vec3f {
    let gap = 1.0 / v.medium_size;
    let rise = gap * 5.5 * v.medium_depth;
    let q = vec2f(p.x, -p.y);
    let thick = 1.15 / v.height;
    var c = palette_colour(0) * (0.45 + 0.4 * (0.5 + p.y));
    let lowest = floor((q.y - rise) / gap);
    for (var i = 0; i < 9; i++) {
        let base = (lowest + f32(i)) * gap;
        if base > q.y + gap { break; }
        let uv = place(vec2f(p.x, -base));
        let g = glimpsed(uv);
        let tremble = (noise(vec2f(p.x * 46.0 + v.flow, base * 91.0)).x - 0.5) * 0.16 * (0.3 + v.onset);
        let curve = base + rise * (smoothstep(0.15, 0.95, g.a) + tremble * g.a);
        let d = abs(q.y - curve);
        let tone = graded(g);
        let line = smoothstep(2.2 * thick, 0.4 * thick, d) + 0.10 * exp(-d * 320.0);
        if q.y < curve {
            // Behind this one's hill: dark, with a little of its colour.
            c = palette_colour(0) * 0.3 + tone * 0.10 * smoothstep(rise, 0.0, curve - q.y) * g.a;
            c += (0.10 + 1.7 * tone) * line * (0.25 + g.a);
            break;
        }
        c += (0.10 + 1.7 * tone) * line * (0.25 + g.a);
    }
    return c;
}

fn hatch(p: vec2f, turns: f32, ink: f32) -> f32 {
    let q = turned(p, turns) * v.medium_size;
    let wobble = (noise(q * vec2f(0.05, 0.6)).x - 0.5) * 0.7 + (noise(p * 210.0).y - 0.5) * 0.35;
    let d = abs(fract(q.y + wobble) - 0.5);
    return smoothstep(0.5 * ink + 0.1, 0.5 * ink - 0.12, d) * step(0.02, ink);
}

// Drawn with a pen: hatching that thickens with the dark, contours, and a wash of colour.
fn ink(p: vec2f) -> vec3f {
    let uv = place(p + (noise(p * 24.0).xy - 0.5) * 0.004);
    let g = seen(uv);
    let flow = flow_at(uv);
    let dark = 1.0 - clamp((g.a - 0.04) * 1.25, 0.0, 1.0);
    let e = 0.006;
    let gx = glimpsed(uv + vec2f(e, 0.0)).a - glimpsed(uv - vec2f(e, 0.0)).a;
    let gy = glimpsed(uv + vec2f(0.0, e)).a - glimpsed(uv - vec2f(0.0, e)).a;
    let contour = smoothstep(0.09, 0.24, length(vec2f(gx, gy)) * (0.8 + 0.4 * noise(p * 60.0).x));
    var pen = contour;
    pen = max(pen, hatch(p, 0.12, clamp((dark - 0.30) * 1.3, 0.0, 0.95)));
    pen = max(pen, hatch(p, -0.10, clamp((dark - 0.52) * 1.5, 0.0, 0.95)));
    pen = max(pen, hatch(p, 0.02, clamp((dark - 0.70) * 2.0, 0.0, 1.0)));
    let fibre = 0.5 * noise(p * 150.0).x + 0.5 * noise(p * 37.0).y;
    let paper = palette_colour(4) * (0.93 + 0.07 * fibre);
    let lab = to_lab(g.rgb);
    let bloom = noise(p * 5.0 + 1.7).x;
    let wash = smoothstep(0.02, 0.13, length(lab.yz)) * v.medium_depth * (0.45 + 0.55 * bloom);
    let tint = mix(palette_colour(2), palette_colour(3), smoothstep(-0.04, 0.06, lab.y));
    return mix(paper * mix(vec3f(1.0), tint, wash * 0.85), palette_colour(0), pen * (0.86 + 0.14 * fibre) * (0.9 + 0.1 * flow.w));
}

// Points of light.
fn sparks(p: vec2f) -> vec3f {
    let scale = v.medium_size;
    let q = p * scale;
    let cell = floor(q);
    var c = palette_colour(0) * 0.25;
    for (var y = -1; y <= 1; y++) {
        for (var x = -1; x <= 1; x++) {
            let at = cell + vec2f(f32(x), f32(y));
            let dice = chance(at);
            let drift = 0.32 * sin(TAU * dice.xy + v.flow * (0.6 + dice.z));
            let centre = at + 0.5 + drift;
            let g = glimpsed(place(centre / scale));
            let lightness = smoothstep(0.12, 0.95, g.a);
            let twinkle = 0.55 + 0.45 * sin(TAU * dice.w + v.flow * 5.0 * dice.z) + 0.9 * v.onset * step(0.7, dice.z);
            let radius = 0.07 + 0.36 * v.medium_depth * lightness;
            let d = length(q - centre) / radius;
            let hot = exp(-d * d * 2.4);
            let halo = 0.16 / (1.0 + d * d * 1.7);
            c += graded(g) * (hot * 1.5 + halo * 0.5) * lightness * twinkle * light;
        }
    }
    return c;
}

// Slats that turn one after the other: each shows another part.
fn blinds(p: vec2f) -> vec3f {
    let q = turned(p, v.medium_turn);
    let at = q.x * v.medium_size;
    let slat = floor(at);
    let x = fract(at) - 0.5;
    let dice = chance(vec2f(slat, 11.0));
    let swing = sin(v.flow * 0.8 + slat * 0.55);
    let lens = x * (1.0 + 1.3 * v.medium_depth * abs(swing));
    let shifted = vec2f((slat + 0.5 + lens) / v.medium_size, q.y + 0.16 * v.medium_depth * swing + 0.05 * (dice.x - 0.5));
    let back = turned(shifted, -v.medium_turn);
    let c = plain(back);
    let facing = 0.62 + 0.5 * cos(3.1 * x + 1.1 * swing);
    let off = (x - 0.3 * swing) * 9.0;
    let gleam = exp(-off * off) * 0.25;
    let gap = smoothstep(0.5, 0.475, abs(x));
    return (c * facing + c * gleam + gleam * 0.05) * gap;
}

@fragment
fn paint(in: Corner) -> @location(0) vec4f {
    let p = (in.uv - 0.5) * vec2f(v.aspect, 1.0);
    var c = vec3f(0.0);
    switch MEDIUM {
        case 1: { c = mosaic(p); }
        case 2: { c = halftone(p); }
        case 3: { c = relief(p); }
        case 4: { c = threads(p); }
        case 5: { c = ink(p); }
        case 6: { c = sparks(p); }
        case 7: { c = blinds(p); }
        default: { c = plain(p); }
    }
    return vec4f(clamp(c, vec3f(0.0), vec3f(16.0)), 1.0);
}
