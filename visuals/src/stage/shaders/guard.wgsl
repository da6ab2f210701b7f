// The flash guard: in each field of the frame, no more than three flashes in any second.
//
// WCAG 2.2, 2.3.1: a flash is a pair of opposing changes of relative luminance by a tenth or more, or a pair of opposing
// changes of saturated red. Each field keeps account of the changes that were shown. While six of them are younger than a
// second, what would be the seventh is held back: the frame moves towards the new one only as far as is no change.
// The rule is kept for every field, however small the part of the frame is that flashes, which is stricter than asked.

const COLUMNS: u32 = 32u;
const ROWS: u32 = 18u;
const CHANGES: u32 = 6u;
// A second, and more than two frames on a slow display.
const WINDOW: f32 = 1.05;
// A little below a tenth, since fields are seen by samples.
const BRIGHT: f32 = 0.085;
// Red is (R - G - B) of linear light where that is above 0: 20 of 320 is a change.
const RED: f32 = 0.052;

struct Account {
    low: f32,
    high: f32,
    // 1 after a rise, -1 after a fall, 0 before any.
    way: f32,
    // Seconds since the last changes.
    a0: f32, a1: f32, a2: f32, a3: f32, a4: f32,  a5: f32,
    // The least share of a new frame that was allowed since the first (of the first account).
    least: f32,
}

struct Field { bright: Account, red: Account }

struct Moment {
    // Seconds since the frame before, and 1 for the first frame of all.
    step: f32,
    first: f32,
    on: f32,
    spare: f32,
}

@group(1) @binding(0) var shown: texture_2d<f32>;
@group(1) @binding(1) var wanted: texture_2d<f32>;
@group(1) @binding(2) var<storage, read_write> fields: array<Field, 576>;
@group(1) @binding(3) var<storage, read_write> shares: array<f32, 576>;
@group(1) @binding(4) var<uniform> moment: Moment;

fn red_of(c: vec3f) -> f32 {
    return c.r - c.g - c.b;
}

fn older(a: ptr<function, Account>, step: f32) {
    (*a).a0 = min((*a).a0 + step, 9.0);
    (*a).a1 = min((*a).a1 + step, 9.0);
    (*a).a2 = min((*a).a2 + step, 9.0);
    (*a).a3 = min((*a).a3 + step, 9.0);
    (*a).a4 = min((*a).a4 + step, 9.0);
    (*a).a5 = min((*a).a5 + step, 9.0);
}

// Takes note of a value that was shown.
fn note(a: ptr<function, Account>, value: f32, change: f32) {
    let rises = (*a).way <= 0.0 && value >= (*a).low + change;
    let falls = (*a).way >= 0.0 && value <= (*a).high - change;
    if rises || falls {
        (*a).way = select(-1.0, 1.0, rises);
        (*a).low = value;
        (*a).high = value;
        (*a).a5 = (*a).a4;
        (*a).a4 = (*a).a3;
        (*a).a3 = (*a).a2;
        (*a).a2 = (*a).a1;
        (*a).a1 = (*a).a0;
        (*a).a0 = 0.0;
        return;
    }
    // After a rise only the highest value counts, after a fall only the lowest.
    (*a).high = max((*a).high, value);
    (*a).low = min((*a).low, value);
}

// How much of the way to a new value is allowed, where all of it moves the field by no more than `reach`.
fn allowed(a: Account, now: f32, value: f32, reach: f32, change: f32) -> f32 {
    if a.a5 >= WINDOW { return 1.0; }
    var room = 99.0;
    if a.way <= 0.0 && value >= a.low + change { room = a.low + change * 0.9 - now; }
    if a.way >= 0.0 && value <= a.high - change { room = min(room, now - (a.high - change * 0.9)); }
    return clamp(room / max(reach, 1e-5), 0.0, 1.0);
}

@compute @workgroup_size(32)
fn judge(@builtin(global_invocation_id) id: vec3u) {
    let index = id.x;
    if index >= COLUMNS * ROWS { return; }
    let size = vec2f(textureDimensions(wanted));
    let corner = vec2f(f32(index % COLUMNS), f32(index / COLUMNS)) / vec2f(f32(COLUMNS), f32(ROWS));
    var bright = vec3f(0.0);
    var red = vec3f(0.0);
    for (var y = 0; y < 10; y++) {
        for (var x = 0; x < 10; x++) {
            let at = corner + (vec2f(f32(x), f32(y)) + 0.5) / 10.0 / vec2f(f32(COLUMNS), f32(ROWS));
            let pixel = vec2i(at * size);
            let before = textureLoad(shown, pixel, 0).rgb;
            let after = textureLoad(wanted, pixel, 0).rgb;
            let l = vec2f(luminance(before), luminance(after));
            let r = vec2f(red_of(before), red_of(after));
            bright += vec3f(l, abs(l.y - l.x));
            red += vec3f(max(r, vec2f(0.0)), abs(r.y - r.x));
        }
    }
    bright /= 100.0;
    red /= 100.0;
    var field = fields[index];
    if moment.first > 0.5 {
        let none = Account(0.0, 0.0, 0.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 1.0);
        field = Field(none, none);
        // The first frame is compared with nothing.
        field.bright.low = bright.y;
        field.bright.high = bright.y;
        field.red.low = red.y;
        field.red.high = red.y;
        fields[index] = field;
        shares[index] = 1.0;
        return;
    }
    var b = field.bright;
    var r = field.red;
    note(&b, bright.x, BRIGHT);
    note(&r, red.x, RED);
    older(&b, moment.step);
    older(&r, moment.step);
    let share = min(
        allowed(b, bright.x, bright.y, bright.z, BRIGHT),
        allowed(r, red.x, red.y, red.z, RED),
    );
    shares[index] = select(1.0, share, moment.on > 0.5);
    b.least = min(b.least, shares[index]);
    fields[index] = Field(b, r);
}
