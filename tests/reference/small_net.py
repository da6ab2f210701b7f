"""Five steps of AdamW on a small network, by JAX and Optax: the numbers in small_net.json.

Made with: python3 -m venv v && v/bin/pip install jax==0.10.2 optax==0.2.8
           v/bin/python tests/reference/small_net.py > tests/reference/small_net.json

The network has one of each thing that the trainer must get right together: a strided convolution, batch
normalisation, leaky ReLU, a gated linear unit, an embedding, a gated recurrent unit over the picture's columns, a
dense layer, softmax cross-entropy, clipping by the global norm, decoupled weight decay on weights but not on biases.
"""

import json

import jax
import jax.numpy as jnp
import numpy as np
import optax

jax.config.update("jax_enable_x64", True)


def wave(shape, phase, size):
    n = int(np.prod(shape))
    return jnp.array((size * np.sin(1.7 * np.arange(n) + phase)).reshape(shape))


B, T, H = 4, 4, 5
weights = {
    "conv.weight": wave((6, 2, 3, 3), 0.1, 0.4),
    "embed": wave((7, 3), 0.2, 0.5),
    "gru.input": wave((3 * H, 12 + 3), 0.3, 0.4),
    "gru.recurrent": wave((3 * H, H), 0.4, 0.4),
    "out.weight": wave((H, 7), 0.5, 0.6),
}
biases = {
    "norm.gain": 1.0 + wave((6,), 0.6, 0.2),
    "norm.bias": wave((6,), 0.7, 0.2),
    "gru.bias": wave((6 * H,), 0.8, 0.3),
    "out.bias": wave((7,), 0.9, 0.1),
}
params = {**weights, **biases}
picture = wave((B, 2, 8, 8), 1.0, 1.0)
symbols = np.array([[0, 3, 6, 1], [2, 2, 5, 4], [6, 0, 1, 3], [4, 5, 2, 0]])
targets = np.array([[3, 6, 1, 2], [2, 5, 4, 0], [0, 1, 3, 3], [5, 2, 0, 6]])


def gru(p, x):
    def step(h, x_t):
        from_x = x_t @ p["gru.input"].T + p["gru.bias"][: 3 * H]
        from_h = h @ p["gru.recurrent"].T + p["gru.bias"][3 * H :]
        z = jax.nn.sigmoid(from_x[:, :H] + from_h[:, :H])
        r = jax.nn.sigmoid(from_x[:, H : 2 * H] + from_h[:, H : 2 * H])
        n = jnp.tanh(from_x[:, 2 * H :] + r * from_h[:, 2 * H :])
        h = (1 - z) * n + z * h
        return h, h

    return jax.lax.scan(step, jnp.zeros((B, H)), x)[1]


def loss(p):
    y = jax.lax.conv_general_dilated(picture, p["conv.weight"], (2, 2), ((1, 1), (1, 1)))
    mean = y.mean((0, 2, 3), keepdims=True)
    variance = ((y - mean) ** 2).mean((0, 2, 3), keepdims=True)
    y = (y - mean) / jnp.sqrt(variance + 1e-5)
    y = y * p["norm.gain"][None, :, None, None] + p["norm.bias"][None, :, None, None]
    y = jnp.where(y > 0, y, 0.2 * y)
    y = y[:, :3] * jax.nn.sigmoid(y[:, 3:])  # (B, 3, 4, 4)
    columns = y.transpose(3, 0, 1, 2).reshape(T, B, 12)
    x = jnp.concatenate([columns, p["embed"][symbols].transpose(1, 0, 2)], axis=2)
    h = gru(p, x).transpose(1, 0, 2)
    logits = h @ p["out.weight"] + p["out.bias"]
    log_p = jax.nn.log_softmax(logits)
    return -jnp.take_along_axis(log_p, targets[..., None], axis=2).mean()


decayed = {name: name in weights for name in params}
optimizer = optax.chain(
    optax.clip_by_global_norm(0.5),
    optax.scale_by_adam(b1=0.9, b2=0.99, eps=1e-8),
    optax.add_decayed_weights(0.1, mask=decayed),
    optax.scale(-0.02),
)
state = optimizer.init(params)
losses, norms = [], []
for _ in range(5):
    value, gradient = jax.value_and_grad(loss)(params)
    losses.append(float(value))
    norms.append(float(optax.global_norm(gradient)))
    updates, state = optimizer.update(gradient, state, params)
    params = optax.apply_updates(params, updates)
print(
    json.dumps(
        {
            "losses": losses,
            "gradient_norms": norms,
            "last": {name: [float(v) for v in value.reshape(-1)[:4]] for name, value in sorted(params.items())},
        },
        indent=1,
    )
)
