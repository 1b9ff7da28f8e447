"""CED in PyTorch, after the paper, to measure the engine's speed against.

check.py compares it with the reference vectors.
"""
import math

import torch
from torch import nn
from torch.nn import functional as F

SAMPLE_RATE, WINDOW, HOP, PATCH = 16000, 512, 160, 16


class LogMel(nn.Module):
    """float [batch, samples] to dB [batch, mels, frames], floored 120 dB below each clip's peak."""

    def __init__(self, mels=64):
        super().__init__()
        bins = WINDOW // 2 + 1
        top = 2595 * math.log10(1 + SAMPLE_RATE / 2 / 700)
        corners = 700 * (10 ** (torch.linspace(0, top, mels + 2, dtype=torch.float64) / 2595) - 1)
        hz = torch.linspace(0, SAMPLE_RATE / 2, bins, dtype=torch.float64)[:, None]
        low, centre, high = corners[:-2], corners[1:-1], corners[2:]
        rising, falling = (hz - low) / (centre - low), (high - hz) / (high - centre)
        filters = torch.minimum(rising, falling).clamp(min=0)
        self.register_buffer("filters", filters.T.float().contiguous())
        self.register_buffer("window", torch.hann_window(WINDOW))

    def forward(self, wave):
        spectrum = torch.stft(
            wave,
            WINDOW,
            HOP,
            window=self.window,
            center=True,
            pad_mode="reflect",
            return_complex=True,
        )
        decibels = 10 * torch.log10((self.filters @ spectrum.abs().square()).clamp(min=1e-10))
        return torch.maximum(decibels, decibels.amax((1, 2), keepdim=True) - 120)


class Block(nn.Module):
    def __init__(self, width, heads, hidden, fused_attention):
        super().__init__()
        self.heads, self.fused_attention = heads, fused_attention
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        qkv, proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.attn = nn.ModuleDict({"qkv": qkv, "proj": proj})
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(width, hidden), "fc2": nn.Linear(hidden, width)})

    def forward(self, x):
        batch, tokens, width = x.shape
        qkv = self.attn["qkv"](self.norm1(x)).view(batch, tokens, 3, self.heads, -1)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        if self.fused_attention:
            attended = F.scaled_dot_product_attention(q, k, v)
        else:
            attended = ((q @ k.transpose(-2, -1)) * q.shape[-1] ** -0.5).softmax(-1) @ v
        x = x + self.attn["proj"](attended.transpose(1, 2).reshape(batch, tokens, width))
        return x + self.mlp["fc2"](F.gelu(self.mlp["fc1"](self.norm2(x))))


class Encoder(nn.Module):
    def __init__(self, c, fused_attention):
        super().__init__()
        width = c["embed_dim"]
        self.init_bn = nn.BatchNorm2d(c["n_mels"], momentum=0.01)
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(1, width, PATCH, PATCH)})
        times = c["target_length"] // PATCH
        self.time_pos_embed = nn.Parameter(torch.randn(1, width, 1, times) * 0.02)
        self.freq_pos_embed = nn.Parameter(torch.randn(1, width, c["n_mels"] // PATCH, 1) * 0.02)
        hidden = int(width * c["mlp_ratio"])
        self.blocks = nn.ModuleList(
            Block(width, c["num_heads"], hidden, fused_attention) for _ in range(c["depth"])
        )
        self.norm = nn.LayerNorm(width, eps=1e-6)


class Ced(nn.Module):
    """
    dB [batch, mels, frames] to logits [batch, classes]; mean pooling. Parameters have the
    published names.
    """

    def __init__(self, config, fused_attention=True):
        super().__init__()
        self.encoder = Encoder(config, fused_attention)
        width = config["embed_dim"]
        self.outputlayer = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, config["outputdim"]))

    def forward(self, spectrogram):
        encoder = self.encoder
        x = encoder.init_bn(spectrogram[:, :, None, :]).transpose(1, 2)
        x = encoder.patch_embed["proj"](x)
        x = x + encoder.time_pos_embed[:, :, :, : x.shape[-1]] + encoder.freq_pos_embed
        x = x.flatten(2).transpose(1, 2)
        for block in encoder.blocks:
            x = block(x)
        return self.outputlayer(encoder.norm(x).mean(1))


def mixup(x, weights):
    weights = weights.view(-1, *[1] * (x.dim() - 1))
    return x.flip(0) * weights + x * (1 - weights)
