// What every pass shares: the values of a layer, colours, noise.

@group(0) @binding(0) var<uniform> v: Values;
@group(0) @binding(1) var smooth_mirror: sampler;
@group(0) @binding(2) var smooth_repeat: sampler;
@group(0) @binding(3) var smooth_edge: sampler;
@group(0) @binding(4) var noise_map: texture_2d<f32>;

const TAU: f32 = 6.2831853;

struct Corner {
    @builtin(position) position: vec4f,
    @location(0) uv: vec2f,
}

// One triangle that covers everything; uv is (0, 0) at the top left.
@vertex
fn cover(@builtin(vertex_index) index: u32) -> Corner {
    let uv = vec2f(f32((index << 1u) & 2u), f32(index & 2u));
    return Corner(vec4f(uv * vec2f(2.0, -2.0) + vec2f(-1.0, 1.0), 0.0, 1.0), uv);
}

// Oklab (B. Ottosson, "A perceptual color space for image processing", 2020), from linear light and back.
fn to_lab(c: vec3f) -> vec3f {
    let l = 0.4122214708 * c.r + 0.5363325363 * c.g + 0.0514459929 * c.b;
    let m = 0.2119034982 * c.r + 0.6806995451 * c.g + 0.1073969566 * c.b;
    let s = 0.0883024619 * c.r + 0.2817188376 * c.g + 0.6299787005 * c.b;
    let roots = pow(max(vec3f(l, m, s), vec3f(0.0)), vec3f(1.0 / 3.0));
    return vec3f(
        0.2104542553 * roots.x + 0.7936177850 * roots.y - 0.0040720468 * roots.z,
        1.9779984951 * roots.x - 2.4285922050 * roots.y + 0.4505937099 * roots.z,
        0.0259040371 * roots.x + 0.7827717662 * roots.y - 0.8086757660 * roots.z,
    );
}

fn from_lab(lab: vec3f) -> vec3f {
    let roots = vec3f(
        lab.x + 0.3963377774 * lab.y + 0.2158037573 * lab.z,
        lab.x - 0.1055613458 * lab.y - 0.0638541728 * lab.z,
        lab.x - 0.0894841775 * lab.y - 1.2914855480 * lab.z,
    );
    let c = roots * roots * roots;
    return max(vec3f(
        4.0767416621 * c.x - 3.3077115913 * c.y + 0.2309699292 * c.z,
        -1.2684380046 * c.x + 2.6097574011 * c.y - 0.3413193965 * c.z,
        -0.0041960863 * c.x - 0.7034186147 * c.y + 1.7076147010 * c.z,
    ), vec3f(0.0));
}

fn luminance(c: vec3f) -> f32 {
    return dot(c, vec3f(0.2126, 0.7152, 0.0722));
}

fn turned(p: vec2f, turns: f32) -> vec2f {
    let a = TAU * turns;
    return vec2f(p.x * cos(a) - p.y * sin(a), p.x * sin(a) + p.y * cos(a));
}

// Four independent smooth noises, 0 to 1; one cell of the map to a unit.
fn noise(p: vec2f) -> vec4f {
    let cell = floor(p);
    let f = p - cell;
    return textureSampleLevel(noise_map, smooth_repeat, (cell + f * f * (3.0 - 2.0 * f) + 0.5) / 256.0, 0.0);
}

// Four independent numbers of a whole place, 0 to 1.
fn chance(cell: vec2f) -> vec4f {
    return textureSampleLevel(noise_map, smooth_repeat, (cell + 0.5) / 256.0, 0.0);
}

// A stable hash of a pixel and a moment, 0 to 1 (M. Jarzynski and M. Olano, "Hash functions for GPU rendering", 2020: pcg3d).
fn hashed(x: u32, y: u32, z: u32) -> vec3f {
    var h = vec3u(x, y, z) * 1664525u + 1013904223u;
    h.x += h.y * h.z;
    h.y += h.z * h.x;
    h.z += h.x * h.y;
    h = h ^ (h >> vec3u(16u));
    h.x += h.y * h.z;
    h.y += h.z * h.x;
    h.z += h.x * h.y;
    return vec3f(h >> vec3u(8u)) / 16777216.0;
}

fn palette_colour(i: i32) -> vec3f {
    switch i {
        case 0: { return vec3f(v.p0r, v.p0g, v.p0b); }
        case 1: { return vec3f(v.p1r, v.p1g, v.p1b); }
        case 2: { return vec3f(v.p2r, v.p2g, v.p2b); }
        case 3: { return vec3f(v.p3r, v.p3g, v.p3b); }
        default: { return vec3f(v.p4r, v.p4g, v.p4b); }
    }
}

// The palette from dark (0) to light (1), in Oklab.
fn palette_at(x: f32) -> vec3f {
    let at = clamp(x, 0.0, 1.0) * 4.0;
    let i = min(i32(at), 3);
    let f = at - f32(i);
    return mix(palette_colour(i), palette_colour(i + 1), f * f * (3.0 - 2.0 * f));
}
