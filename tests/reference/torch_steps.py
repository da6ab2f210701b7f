"""Training steps of Oneiro's nets in PyTorch, for `oneiro bench train --against-torch`.

Says "ready"; then each line in is answered by a line out: {"prepare": KIND, "sizes": {…}} by true or false,
"step" by the milliseconds of one step: forward, backward and optimizer.
"""

import json
import math
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(int(sys.argv[1]))
torch.manual_seed(1)


class Melody(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.s = s
        h, k, p = s["hidden"], s["key"], s["phases"]
        self.pitch = nn.Embedding(s["pitches"] + 1, 48)
        self.duration = nn.Embedding(s["durations"] + 1, 24)
        self.position = nn.Embedding(64, 24)
        self.metre = nn.Embedding(8, 8)
        self.gru0 = nn.GRU(s["input"], h, batch_first=True)
        self.gru1 = nn.GRU(h, h, batch_first=True)
        self.keys = nn.Linear(2 * h, 2 * k)
        widths, classes = [2 * h, 2 * h + 24], [s["durations"], s["pitches"]]
        self.query = nn.ModuleList(nn.Linear(w, k) for w in widths)
        self.phase = nn.ModuleList(nn.Linear(w, p // 2) for w in widths)
        self.sentinel = nn.ModuleList(nn.Linear(w, 1) for w in widths)
        self.hidden = nn.ModuleList(nn.Linear(w + 72, h) for w in widths)
        self.logits = nn.ModuleList(nn.Linear(h, c) for c in classes)
        self.match = nn.Parameter(torch.full((2, 8), 0.5))
        self.same_duration = nn.Parameter(torch.ones(1))
        b, t = s["tunes"], s["rows"]
        self.index = [torch.randint(0, n, (b, t)) for n in (s["durations"], s["pitches"], 16, 8)]
        self.phases = torch.randn(b, t, p)
        self.target = [torch.randint(0, c, (b, t)) for c in classes]
        self.matches = [torch.randint(0, 5, (b, t, t)).float() for _ in range(2)]
        self.closed = torch.triu(torch.full((t, t), -1e9))
        widths = (s["input"], h, 2 * h)
        self.masks = [(torch.rand(b, 1, w) < 0.8).float() / 0.8 for w in widths]

    def head(self, i, state, rows, values, same, bonus):
        k = self.s["key"]
        weights = self.phase[i](state)
        query = torch.cat([self.query[i](state) / math.sqrt(k), self.phases * torch.cat([weights, weights], 2)], 2)
        keys = torch.cat([rows[:, :, i * k : (i + 1) * k], self.phases], 2)
        scores = query @ keys.transpose(1, 2)
        for m, lengths in enumerate(self.matches):
            for c, cap in enumerate((1, 3, 8, 32)):
                scores = scores + lengths.clamp(max=cap) * (self.match[i, 4 * m + c] / cap)
        if bonus is not None:
            scores = scores + bonus
        shares = torch.cat([scores + self.closed, self.sentinel[i](state)], 2).softmax(2)
        copy, compose = shares[:, :, :-1], shares[:, :, -1]
        hidden = self.hidden[i](torch.cat([state, copy @ values], 2)).tanh()
        p = self.logits[i](hidden).softmax(2).gather(2, self.target[i][..., None])[..., 0]
        return -(p * compose + (copy * same).sum(2) + 1e-9).log()

    def forward(self):
        d, p, position, metre = self.index
        x = torch.cat(
            [self.pitch(p), self.duration(d), self.position(position), self.metre(metre), self.phases], 2
        )
        first, _ = self.gru0(x * self.masks[0])
        second, _ = self.gru1(first * self.masks[1])
        state = torch.cat([first, second], 2) * self.masks[2]
        rows = self.keys(state)
        values = torch.cat([self.pitch(self.target[1]), self.duration(self.target[0])], 2)
        same = [(t[:, :, None] == t[:, None, :]).float() for t in self.target]
        duration = self.head(0, state, rows, values, same[0], None)
        state = torch.cat([state, self.duration(self.target[0])], 2)
        pitch = self.head(1, state, rows, values, same[1], same[0] * self.same_duration)
        return (duration.sum() + pitch.sum()) / duration.numel()


def melody(s):
    net = Melody(s)
    adam = torch.optim.AdamW(net.parameters(), 2e-3, (0.9, 0.99), weight_decay=0.01)
    average = [p.detach().clone() for p in net.parameters()]

    def step():
        adam.zero_grad()
        net().backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        adam.step()
        torch._foreach_lerp_(average, [p.detach() for p in net.parameters()], 0.002)

    return step


class Generator(nn.Module):
    def __init__(self, s):
        super().__init__()
        c = s["channels"]
        self.first = c[0]
        self.start = nn.Linear(s["latent"], 32 * c[0], bias=False)
        self.norm = nn.BatchNorm2d(2 * c[0])
        pairs = list(zip(c, c[1:]))
        self.convs = nn.ModuleList(nn.Conv2d(a, 2 * b, 3, padding=1, bias=False) for a, b in pairs)
        self.norms = nn.ModuleList(nn.BatchNorm2d(2 * b) for _, b in pairs)
        squeeze = lambda b: nn.Sequential(nn.Linear(16 * c[0], b), nn.LeakyReLU(0.1), nn.Linear(b, b), nn.Sigmoid())
        self.excite = nn.ModuleList(squeeze(b) for _, b in pairs[-2:])
        self.picture = nn.Conv2d(c[-1], 3, 3, padding=1)

    def forward(self, z):
        z = z / (z.square().mean(1, keepdim=True) + 1e-8).sqrt()
        x = start = F.glu(self.norm(self.start(z).view(-1, 2 * self.first, 4, 4)), 1)
        for i, (conv, norm) in enumerate(zip(self.convs, self.norms)):
            x = F.glu(norm(conv(F.interpolate(x, scale_factor=2))), 1)
            late = i - len(self.convs) + 2
            if late >= 0:
                x = x * self.excite[late](start.flatten(1))[:, :, None, None]
        return self.picture(x).tanh()


STAGES = [(3, 1, 1, 16, 1), (3, 2, 6, 24, 2), (5, 2, 6, 40, 2), (3, 2, 6, 80, 3), (5, 1, 6, 112, 3), (5, 2, 6, 192, 4),
          (3, 1, 6, 320, 1)]


class Features(nn.Module):
    """EfficientNet-Lite0 with its normalisation folded in, frozen."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 32, 3, 2)
        self.stages, before = nn.ModuleList(), 32
        for k, stride, expansion, out, count in STAGES:
            stage = nn.ModuleList()
            for i in range(count):
                wide = before * expansion
                block = nn.ModuleList([nn.Conv2d(wide, wide, k, stride if i == 0 else 1, groups=wide),
                                       nn.Conv2d(wide, out, 1)])
                if expansion > 1:
                    block.insert(0, nn.Conv2d(before, wide, 1))
                stage.append(block)
                before = out
            self.stages.append(stage)
        self.requires_grad_(False)

    @staticmethod
    def same(conv, x):
        k, stride, side = conv.kernel_size[0], conv.stride[0], x.shape[2]
        missing = max((-(-side // stride) - 1) * stride + k - side, 0)
        if missing % 2 == 0:
            return F.conv2d(x, conv.weight, conv.bias, stride, missing // 2, 1, conv.groups)
        before, after = missing // 2, missing - missing // 2
        return conv(F.pad(x, (before, after, before, after)))

    def forward(self, x):
        x = self.same(self.stem, x).clamp(0, 6)
        found = []
        for i, stage in enumerate(self.stages):
            for block in stage:
                y = x
                for conv in block[:-1]:
                    y = self.same(conv, y).clamp(0, 6)
                y = block[-1](y)
                x = y + x if y.shape == x.shape else y
            if i in (1, 2, 4, 6):
                found.append(x)
        return found


class Heads(nn.Module):
    def __init__(self, sides):
        super().__init__()
        wide, norm = [32, 48, 64, 96], nn.utils.parametrizations.spectral_norm
        self.across = nn.ModuleList(nn.Conv2d(c, w, 1, bias=False) for c, w in zip((24, 40, 112, 320), wide))
        self.down = nn.ModuleList(nn.Conv2d(b, a, 1, bias=False) for a, b in zip(wide, wide[1:]))
        self.across.requires_grad_(False)
        self.down.requires_grad_(False)
        self.heads = nn.ModuleList()
        for side, c in zip(sides, wide):
            layers = [] if side > 4 else [norm(nn.Conv2d(c, 64, 3, padding=1)), nn.LeakyReLU(0.2)]
            while side > 4:
                layers += [norm(nn.Conv2d(c, 64, 4, 2, 1)), nn.LeakyReLU(0.2)]
                side, c = side // 2, 64
            self.heads.append(nn.Sequential(*layers, norm(nn.Conv2d(64, 1, 3, padding=1))))

    def forward(self, features):
        mixed = [None] * 4
        for i in (3, 2, 1, 0):
            x = self.across[i](features[i])
            if i < 3:
                coarse = F.interpolate(self.down[i](mixed[i + 1]), size=x.shape[2:], mode="bilinear")
                x = (x + coarse) * 0.5**0.5
            mixed[i] = x
        return [head(x) for head, x in zip(self.heads, mixed)]


def gan(s):
    seen = max(s["side"], 128)
    generator, features, heads = Generator(s), Features(), Heads([seen // r for r in (4, 8, 16, 32)])
    trained = [p for p in heads.parameters() if p.requires_grad]
    mine = list(generator.parameters())
    adams = [torch.optim.Adam(mine, 4e-4, (0.0, 0.99)), torch.optim.Adam(trained, 2e-4, (0.0, 0.99))]
    average = [p.detach().clone() for p in mine]
    real, z = torch.rand(s["pictures"], 3, s["side"], s["side"]) * 2 - 1, torch.randn(s["pictures"], s["latent"])

    def judge(x):
        return heads(features(F.interpolate(x, size=(seen, seen), mode="bilinear")))

    def step():
        painted = judge(generator(z))
        with torch.no_grad():
            seen_real = features(F.interpolate(real, size=(seen, seen), mode="bilinear"))
        d_loss = sum((1 - r).relu().mean() + (1 + p).relu().mean() for r, p in zip(heads(seen_real), painted))
        g_loss = -sum(p.mean() for p in painted)
        # As ours: both move from one forward pass.
        by_g = torch.autograd.grad(g_loss, mine, retain_graph=True)
        by_d = torch.autograd.grad(d_loss, trained)
        for p, d in zip(mine + trained, by_g + by_d):
            p.grad = d
        for adam in adams:
            adam.step()
        torch._foreach_lerp_(average, [p.detach() for p in mine], 0.005)

    return step


KINDS = {"melody-rnn": melody, "image-gan": gan}
print("ready", flush=True)
step = None
for line in sys.stdin:
    question = json.loads(line)
    if question == "step":
        start = time.perf_counter()
        step()
        answer = (time.perf_counter() - start) * 1e3
    else:
        make = KINDS.get(question["prepare"])
        step = make(question["sizes"]) if make else None
        answer = step is not None
    print(json.dumps(answer), flush=True)
