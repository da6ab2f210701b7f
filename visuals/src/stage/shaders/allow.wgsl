// The frame that is shown: of the new one, as much in each field as the guard allows.

@group(1) @binding(0) var shown: texture_2d<f32>;
@group(1) @binding(1) var wanted: texture_2d<f32>;
@group(1) @binding(2) var<storage, read> shares: array<f32, 576>;

// The least share around a field. What is interpolated between such values is in no pixel more than its own field's.
fn least(x: i32, y: i32) -> f32 {
    var share = 1.0;
    for (var dy = -1; dy <= 1; dy++) {
        for (var dx = -1; dx <= 1; dx++) {
            share = min(share, shares[clamp(y + dy, 0, 17) * 32 + clamp(x + dx, 0, 31)]);
        }
    }
    return share;
}

@fragment
fn allow(in: Corner) -> @location(0) vec4f {
    let pixel = vec2i(in.position.xy);
    let now = textureLoad(wanted, pixel, 0);
    let at = in.uv * vec2f(32.0, 18.0) - 0.5;
    let low = vec2i(floor(at));
    let f = at - floor(at);
    let share = mix(
        mix(least(low.x, low.y), least(low.x + 1, low.y), f.x),
        mix(least(low.x, low.y + 1), least(low.x + 1, low.y + 1), f.x),
        f.y,
    );
    if share >= 0.9999 { return now; }
    return mix(textureLoad(shown, pixel, 0), now, share);
}
