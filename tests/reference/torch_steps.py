"""Training steps of Oneiro's nets in PyTorch, for `oneiro bench train --against-torch`.

Says "ready"; then each line in is answered by a line out: {"prepare": KIND, "sizes": {…}} by the operations of a
step's products in 10⁹, or null for a kind that is not known; "step" by the milliseconds of one step: forward, backward and
optimizer.
"""

import json
import math
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

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

    def forward(self, x, count=4):
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
                if len(found) == count:
                    break
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


def moved(net, rate, betas, average=None, decay=0.0, clip=1.0):
    """The optimizer's part of a step: clipping, Adam, running averages."""
    trained = [p for p in net.parameters() if p.requires_grad]
    adam = torch.optim.AdamW(trained, rate, betas, weight_decay=decay)
    averages = [p.detach().clone() for p in trained]

    def move(loss):
        adam.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(trained, clip)
        adam.step()
        if average:
            torch._foreach_lerp_(averages, [p.detach() for p in trained], 1 - average)

    return move


class Phrases(nn.Module):
    def __init__(self, s):
        super().__init__()
        h, z, b, t = s["hidden"], s["latent"], s["phrases"], s["rows"]
        self.pitch = nn.Embedding(s["pitches"] + 1, 48)
        self.duration = nn.Embedding(s["durations"] + 1, 24)
        self.position = nn.Embedding(64, 24)
        self.metre = nn.Embedding(8, 8)
        width = 104 + s["features"]
        self.ahead, self.back = nn.GRU(width, h, batch_first=True), nn.GRU(width, h, batch_first=True)
        self.mu, self.logvar = nn.Linear(2 * h, z), nn.Linear(2 * h, z)
        self.start = nn.Linear(z, h)
        self.write = nn.GRU(width + z, h, batch_first=True)
        head = lambda wide, classes: nn.Sequential(nn.Linear(wide, h), nn.Tanh(), nn.Linear(h, classes))
        self.durations, self.pitches = head(h + z, s["durations"]), head(h + z + 24, s["pitches"])
        draw = lambda n: torch.randint(0, n, (b, t))
        self.rows = [[draw(s["pitches"]), draw(s["durations"]), draw(16), draw(8)] for _ in range(2)]
        self.features = torch.randn(b, t, s["features"])
        self.targets = [draw(s["durations"]), draw(s["pitches"])]
        self.noise = torch.randn(b, z)

    def embed(self, rows):
        tables = (self.pitch, self.duration, self.position, self.metre)
        return torch.cat([table(row) for table, row in zip(tables, rows)] + [self.features], 2)

    def forward(self):
        x = self.embed(self.rows[0])
        ahead, back = self.ahead(x)[0][:, -1], self.back(x.flip(1))[0][:, -1]
        both = torch.cat([ahead, back], 1)
        mu, logvar = self.mu(both), self.logvar(both).clamp(-8, 1)
        z = mu + (logvar / 2).exp() * self.noise
        wide = z[:, None].expand(-1, x.shape[1], -1)
        y, _ = self.write(torch.cat([self.embed(self.rows[1]), wide], 2), self.start(z).tanh()[None].contiguous())
        state = torch.cat([y, wide], 2)
        durations = self.durations(state)
        pitches = self.pitches(torch.cat([state, self.duration(self.targets[0])], 2))
        costs = [F.cross_entropy(l.flatten(0, 1), t.flatten(), reduction="sum")
                 for l, t in zip((durations, pitches), self.targets)]
        kl = 0.5 * (mu.square() + logvar.exp() - logvar - 1).sum() / len(z)
        return (sum(costs) / len(z) + 0.2 * (kl - 27.7).relu()) / x.shape[1]


def phrases(s):
    net = Phrases(s)
    move = moved(net, 2e-3, (0.9, 0.99), 0.998, 0.01)
    return lambda: move(net())


class Residual(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.a, self.b = nn.Conv2d(c, c, 3, padding=1), nn.Conv2d(c, c, 3, padding=1)

    def forward(self, x):
        return x + self.b(self.a(x.relu()).relu())


class Double(nn.Module):
    def __init__(self, a, b):
        super().__init__()
        self.conv = nn.Conv2d(a, b, 3, padding=1)

    def forward(self, x):
        return self.conv(F.interpolate(x.relu(), scale_factor=2))


class Coder(nn.Module):
    """Encoder and decoder; the middle is a map where the latent has four axes, else a point."""

    def __init__(self, s):
        super().__init__()
        c, blocks, latent, levels = s["channels"], s["blocks"], s["latent"], len(s["channels"])
        self.flat, self.side = len(latent) == 2, s["side"] >> levels
        down = [nn.Conv2d(12, c[0], 3, padding=1)] + [Residual(c[0]) for _ in range(blocks[0])]
        for i in range(1, levels):
            down += [nn.ReLU(), nn.Conv2d(c[i - 1], c[i], 4, 2, 1)] + [Residual(c[i]) for _ in range(blocks[i])]
        up = []
        for i in reversed(range(levels)):
            up += [Residual(c[i]) for _ in range(blocks[i])] + ([Double(c[i], c[i - 1])] if i else [])
        up += [nn.ReLU(), nn.Conv2d(c[0], 12, 3, padding=1)]
        self.down, self.up = nn.Sequential(*down), nn.Sequential(*up)
        self.last, numbers = c[-1], c[-1] * self.side**2
        if self.flat:
            self.mu, self.logvar = nn.Linear(numbers, latent[1]), nn.Linear(numbers, latent[1])
            self.start = nn.Linear(latent[1], numbers)
            self.noise = torch.randn(latent)
            return
        cell, block = latent[1], 2**levels
        self.code, self.start = nn.Conv2d(c[-1], cell, 3, padding=1), nn.Conv2d(cell, c[-1], 3, padding=1)
        self.cosines = nn.Conv2d(3, cell, block, block, bias=False).requires_grad_(False)
        self.waves = nn.Conv2d(cell, 3 * block**2, 1, bias=False).requires_grad_(False)
        self.gains = nn.Parameter(torch.ones(2, 1, cell, 1, 1))
        self.block = block
        self.finishing = nn.Sequential(nn.Conv2d(24, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 32, 3, padding=1),
                                       nn.ReLU(), nn.Conv2d(32, 12, 3, padding=1))

    def forward(self, x):
        y = self.down(F.pixel_unshuffle(x, 2)).relu()
        if self.flat:
            y = y.flatten(1)
            mu, logvar = self.mu(y), self.logvar(y).clamp(-12, 6)
            z = mu + (logvar / 2).exp() * self.noise
            y = self.up(self.start(z).view(-1, self.last, self.side, self.side))
            return F.pixel_shuffle(y, 2), mu, logvar
        z = (self.code(y) + self.cosines(x) * self.gains[0]).tanh()
        y = F.pixel_shuffle(self.up(self.start(z)), 2)
        y = y + F.pixel_shuffle(self.waves(z * self.gains[1]), self.block)
        pair = [F.pixel_unshuffle(p, 2) for p in (x, y.detach())]
        finished = y.detach() + F.pixel_shuffle(self.finishing(torch.cat(pair, 1)), 2)
        return y, finished


def coder(s, weight):
    net, features = Coder(s), Features()
    move = moved(net, 1e-3, (0.9, 0.99), 0.995)
    original = torch.rand(s["pictures"], 3, s["side"], s["side"]) * 2 - 1
    noisy = original + 0.1 * torch.randn_like(original)

    def seen(x):
        # As far as the features at stride 8 reach.
        return features(x, 2)

    def step():
        if net.flat:
            y, mu, logvar = net(original)
            kl = 0.5 * (mu.square() + logvar.exp() - logvar - 1).mean(0).clamp(min=0.05)
            loss = 0.5 * ((y - original).square().mean() + 1e-6).log() + kl.sum() / original[0].numel()
        else:
            y, finished = net(noisy)
            loss = (y - original).abs().mean() + (finished - original).abs().mean()
        with torch.no_grad():
            real = seen(original)
        pairs = zip(real, seen(y))
        move(loss + weight * sum((f - r).abs().mean() / r.abs().mean() for r, f in pairs) / 2)

    return step


VGG = [[(3, 64), (64, 64)], [(64, 128), (128, 128)], [(128, 256)] + [(256, 256)] * 3, [(256, 512)]]


class Vgg(nn.Module):
    def __init__(self):
        super().__init__()
        conv = lambda a, b: nn.Conv2d(a, b, 3, padding=1)
        self.stages = nn.ModuleList(nn.ModuleList(conv(a, b) for a, b in stage) for stage in VGG)
        self.requires_grad_(False)

    def forward(self, x, count=4):
        found = []
        for i, stage in enumerate(self.stages[:count]):
            x = F.avg_pool2d(x, 2) if i else x * 127.5
            for n, conv in enumerate(stage):
                x = conv(x).relu()
                if n == 0:
                    found.append(x)
                    if i + 1 == count:
                        return found


class Painter(nn.Module):
    def __init__(self, s):
        super().__init__()
        half, quarter, again, whole = s["channels"]
        plan = [(3, half, 5, 2), (half, quarter, 3, 2)] + [(quarter, quarter, 3, 1)] * (2 * s["blocks"])
        plan += [(quarter, again, 3, 1), (again, whole, 3, 1)]
        self.blocks = s["blocks"]
        self.convs = nn.ModuleList(nn.Conv2d(a, b, k, stride, bias=False) for a, b, k, stride in plan)
        self.looks = nn.ParameterList(torch.randn(2, s["styles"], b) for _, b, _, _ in plan)
        self.last = nn.Conv2d(whole, 3, 3)

    def layer(self, i, x, style):
        k = self.convs[i].kernel_size[0] // 2
        x = self.convs[i](F.pad(x, [k] * 4, mode="replicate"))
        gain, bias = (style @ self.looks[i][0]).flatten(), (style @ self.looks[i][1]).flatten()
        n, c, h, w = x.shape
        return F.instance_norm(x.view(1, n * c, h, w), weight=gain, bias=bias).view(n, c, h, w)

    def forward(self, x, style):
        x = self.layer(0, x, style).relu()
        x = self.layer(1, x, style).relu()
        for i in range(2, 2 + 2 * self.blocks, 2):
            x = x + self.layer(i + 1, self.layer(i, x, style).relu(), style)
        for i in (2 + 2 * self.blocks, 3 + 2 * self.blocks):
            x = self.layer(i, F.interpolate(x, scale_factor=2), style).relu()
        return self.last(F.pad(x, [1] * 4, mode="replicate")).tanh()


def gram(x):
    flat = x.flatten(2)
    return flat @ flat.transpose(1, 2) / flat[0].numel()


def style(s):
    net, vgg, n = Painter(s), Vgg(), s["pictures"]
    move = moved(net, 2e-3, (0.9, 0.999), 0.99, clip=5.0)
    content, shares = torch.rand(n, 3, s["side"], s["side"]) * 2 - 1, torch.eye(s["styles"])[:n]
    tables = [torch.rand(s["styles"], c * c) for c in (64, 128, 256, 512)]
    power = lambda x: x.flatten(1).square().mean(1)

    def step():
        painted = net(content, shares)
        seen = vgg(painted)
        with torch.no_grad():
            wanted = vgg(content, 3)[2]
        loss = (power(seen[2] - wanted) / power(wanted)).mean()
        for feature, table in zip(seen, tables):
            target = shares @ table
            loss = loss + 2 * (power(gram(feature).flatten(1) - target) / power(target)).mean()
        rough = (painted[:, :, 1:] - painted[:, :, :-1]).square().mean()
        rough = rough + (painted[:, :, :, 1:] - painted[:, :, :, :-1]).square().mean()
        move(loss + 0.3 * rough)

    return step


class Classifier(nn.Module):
    def __init__(self, s):
        super().__init__()
        c = [3] + s["channels"]
        layer = lambda a, b, stride: nn.Sequential(nn.Conv2d(a, b, 3, stride, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU())
        self.down = nn.ModuleList(layer(a, b, 2) for a, b in zip(c, c[1:]))
        self.same = nn.ModuleList(layer(b, b, 1) for b in c[2:])
        self.seen = nn.Linear(c[-1], s["seen"])

    def forward(self, x):
        for i, down in enumerate(self.down):
            x = down(x)
            x = x + self.same[i - 1](x) if i else x
        return self.seen(x.mean((2, 3)))


def classifier(s):
    net, teacher, n = Classifier(s), Features(), s["pictures"]
    move = moved(net, 2e-3, (0.9, 0.999), decay=0.05)
    x, mean, scale = torch.randn(n, 3, s["side"], s["side"]), torch.zeros(s["seen"]), torch.ones(s["seen"])

    def step():
        with torch.no_grad():
            wanted = (teacher(x)[-1].mean((2, 3)) - mean) * scale
        move(F.mse_loss(net(x), wanted))

    return step


class Enlarger(nn.Module):
    def __init__(self, s):
        super().__init__()
        c = s["channels"]
        conv = lambda a, b: nn.Conv2d(a, b, 3, padding=1)
        self.first = nn.Conv2d(3, c, 5)
        self.blocks = nn.ModuleList(nn.Sequential(conv(c, c), nn.LeakyReLU(0.1), conv(c, c)) for _ in range(s["blocks"]))
        self.details = nn.ModuleList(conv(c, 3 * f * f) for f in (2, 4))
        self.smooth = nn.ModuleList(nn.Conv2d(3, 3 * f * f, 5, groups=3, bias=False) for f in (2, 4))
        self.smooth.requires_grad_(False)

    def forward(self, x):
        wide = F.pad(x, [2] * 4, mode="replicate")
        y = F.leaky_relu(self.first(wide), 0.1)
        for block in self.blocks:
            y = y + 0.5 * block(y)
        y = F.leaky_relu(y, 0.1)
        high, low = F.max_pool2d(x, 3, 1, 1), -F.max_pool2d(-x, 3, 1, 1)
        outputs = []
        for f, detail, smooth in zip((2, 4), self.details, self.smooth):
            deal = lambda bound: bound.repeat_interleave(f * f, 1)
            held = (smooth(wide) + detail(y)).maximum(deal(low)).minimum(deal(high))
            outputs.append(F.pixel_shuffle(held, f))
        return outputs


def enlarger(s):
    net, n, side = Enlarger(s), s["patches"], s["side"]
    move = moved(net, 1.5e-3, (0.9, 0.999), 0.995)
    small, middle, large = (torch.rand(n, 3, side * f, side * f) * 2 - 1 for f in (1, 2, 4))

    def step():
        twice, four_times = net(small)
        distance = lambda a, b: ((a - b).square() + 1.6e-5).sqrt().mean()
        move(distance(four_times, large) + 0.5 * distance(twice, middle))

    return step


def convolution(s):
    """One derivative of a convolution."""
    n, a, b, side, k = s["pictures"], s["from"], s["to"], s["side"], s["kernel"]
    x, w = torch.randn(n, a, side, side), torch.randn(b, a, k, k)
    dy = torch.randn_like(F.conv2d(x, w, None, s["stride"], s["pad"]))
    wanted = [s["by"] == "pictures", s["by"] == "kernel", False]

    def step():
        torch.ops.aten.convolution_backward(
            dy, x, w, None, [s["stride"]] * 2, [s["pad"]] * 2, [1, 1], False, [0, 0], 1, wanted)

    return step


KINDS = {
    "melody-rnn": melody,
    "melody-vae": phrases,
    "image-gan": gan,
    "image-autoencoder": lambda s: coder(s, 0.1),
    "image-vae": lambda s: coder(s, 0.5),
    "style-transfer": style,
    "art-classifier": classifier,
    "upscaler": enlarger,
    "convolution": convolution,
}


class Products(TorchDispatchMode):
    """Counts the operations of matrix products and convolutions."""

    operations = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        count = flop_registry.get(func._overloadpacket)
        if count:
            self.operations += count(*args, **(kwargs or {}), out_val=out)
        return out


# On one thread the processor's time counts, which others on the machine change least.
clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
print("ready", flush=True)
step = None
for line in sys.stdin:
    question = json.loads(line)
    if question == "step":
        start = clock()
        step()
        answer = (clock() - start) * 1e3
    elif question["prepare"] in KINDS:
        step = KINDS[question["prepare"]](question["sizes"])
        with Products() as products:
            step()
        answer = products.operations / 1e9
    else:
        answer = None
    print(json.dumps(answer), flush=True)
