"""CED, an audio tagger, for Python's transformers: waveform in, log-odds of each class out.

The classes are independent: the sigmoid of the logits gives their probabilities. Loads with
AutoModelForAudioClassification.from_pretrained(FOLDER, trust_remote_code=True). Needs PyTorch and
transformers alone.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F
from transformers import PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput

SAMPLE_RATE = 16000
WINDOW = 512
HOP = 160
TOP_DB = 120
CERTAINTY = 1e-7  # keeps log-odds finite


class CedConfig(PretrainedConfig):
    # transformers.js knows no type of CED's own; this one it loads with any ONNX file of waveforms
    model_type = "wav2vec2"

    def __init__(
        self,
        embed_dim=192,
        depth=12,
        num_heads=3,
        mlp_ratio=4,
        outputdim=527,
        n_mels=64,
        patch_size=16,
        target_length=1012,
        pooling="mean",
        **kwargs,
    ):
        self.embed_dim = embed_dim
        self.depth = depth
        self.num_heads = num_heads
        self.mlp_ratio = mlp_ratio
        self.outputdim = outputdim
        self.n_mels = n_mels
        self.patch_size = patch_size
        self.target_length = target_length
        self.pooling = pooling
        super().__init__(**kwargs)


def mel_filters(mels):
    """Triangles over Hz between mels of HTK's scale, [bins, mels]."""
    top = 2595 * math.log10(1 + SAMPLE_RATE / 2 / 700)
    corners = 700 * (10 ** (torch.linspace(0, top, mels + 2, dtype=torch.float64) / 2595) - 1)
    hertz = torch.linspace(0, SAMPLE_RATE / 2, WINDOW // 2 + 1, dtype=torch.float64)[:, None]
    low, centre, high = corners[:-2], corners[1:-1], corners[2:]
    rising = (hertz - low) / (centre - low)
    falling = (high - hertz) / (high - centre)
    return torch.minimum(rising, falling).clamp(min=0).float()


def log_mel(waveform, mels):
    """[batch, samples] in [-1, 1) to dB [batch, frames, mels]."""
    window = torch.hann_window(WINDOW, device=waveform.device)
    spectrum = torch.stft(waveform.float(), WINDOW, HOP, window=window, return_complex=True)
    power = spectrum.abs().square().transpose(1, 2)
    decibels = 10 * torch.log10((power @ mel_filters(mels).to(power.device)).clamp(min=1e-10))
    return torch.maximum(decibels, decibels.amax(dim=(1, 2), keepdim=True) - TOP_DB)


class InitNorm(nn.Module):
    """Batch normalisation of each mel bin over batch and time."""

    def __init__(self, mels):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(mels))
        self.bias = nn.Parameter(torch.zeros(mels))
        self.register_buffer("running_mean", torch.zeros(mels))
        self.register_buffer("running_var", torch.ones(mels))

    def forward(self, spectrogram):
        normalised = F.batch_norm(
            spectrogram.transpose(1, 2),
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            training=self.training,
            momentum=0.01,
            eps=1e-5,
        )
        return normalised.transpose(1, 2)


class PatchEmbed(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.proj = nn.Conv2d(1, config.embed_dim, config.patch_size, config.patch_size)


class Attention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.heads = config.num_heads
        self.qkv = nn.Linear(config.embed_dim, 3 * config.embed_dim)
        self.proj = nn.Linear(config.embed_dim, config.embed_dim)

    def forward(self, x):
        batch, tokens, width = x.shape
        qkv = self.qkv(x).view(batch, tokens, 3, self.heads, width // self.heads)
        attended = F.scaled_dot_product_attention(*qkv.permute(2, 0, 3, 1, 4))
        return self.proj(attended.transpose(1, 2).reshape(batch, tokens, width))


class Mlp(nn.Module):
    def __init__(self, config):
        super().__init__()
        hidden = int(config.embed_dim * config.mlp_ratio)
        self.fc1 = nn.Linear(config.embed_dim, hidden)
        self.fc2 = nn.Linear(hidden, config.embed_dim)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.norm1 = nn.LayerNorm(config.embed_dim, eps=1e-6)
        self.attn = Attention(config)
        self.norm2 = nn.LayerNorm(config.embed_dim, eps=1e-6)
        self.mlp = Mlp(config)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Encoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        width = config.embed_dim
        self.init_bn = InitNorm(config.n_mels)
        self.patch_embed = PatchEmbed(config)
        time, frequency = (x // config.patch_size for x in (config.target_length, config.n_mels))
        self.time_pos_embed = nn.Parameter(torch.zeros(1, width, 1, time))
        self.freq_pos_embed = nn.Parameter(torch.zeros(1, width, frequency, 1))
        if config.pooling == "token":
            self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
            self.token_pos_embed = nn.Parameter(torch.zeros(1, width))
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.depth))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.has_token = config.pooling == "token"

    def forward(self, spectrogram):
        """Normalised dB [batch, frames, mels] to tokens [batch, time x frequency, width]."""
        patches = self.patch_embed.proj(spectrogram.transpose(1, 2)[:, None])
        patches = patches + self.time_pos_embed[..., : patches.shape[-1]] + self.freq_pos_embed
        tokens = patches.permute(0, 3, 2, 1).flatten(1, 2)
        if self.has_token:
            first = self.cls_token + self.token_pos_embed
            tokens = torch.cat([first.expand(tokens.shape[0], -1, -1), tokens], dim=1)
        for block in self.blocks:
            tokens = block(tokens)
        return self.norm(tokens)


def log_odds(probabilities):
    clamped = probabilities.clamp(CERTAINTY, 1 - CERTAINTY)
    return torch.log(clamped) - torch.log1p(-clamped)


class CedForAudioClassification(PreTrainedModel):
    config_class = CedConfig
    base_model_prefix = "encoder"
    main_input_name = "input_values"
    _supports_sdpa = True

    def __init__(self, config):
        super().__init__(config)
        self.encoder = Encoder(config)
        self.outputlayer = nn.Sequential(
            nn.LayerNorm(config.embed_dim), nn.Linear(config.embed_dim, config.outputdim)
        )
        self.post_init()

    def _init_weights(self, module):
        if isinstance(module, nn.Linear):
            nn.init.trunc_normal_(module.weight, std=0.02)
            nn.init.zeros_(module.bias)

    def forward(self, input_values, attention_mask=None, labels=None, return_dict=True):
        """input_values [batch, samples], mono at 16 kHz in [-1, 1), of one length: of clips that
        were padded to the same length the padding is predicted too, attention_mask is ignored."""
        spectrogram = self.encoder.init_bn(log_mel(input_values, self.config.n_mels))
        logits = self.logits_of(spectrogram.to(self.outputlayer[1].weight.dtype))
        loss = None
        if labels is not None:
            loss = F.binary_cross_entropy_with_logits(logits, labels.to(logits.dtype))
        if not return_dict:
            return (logits,) if loss is None else (loss, logits)
        return SequenceClassifierOutput(loss=loss, logits=logits)

    def logits_of(self, spectrogram):
        """Clips beyond the target length in pieces of it; outputs are averaged by length."""
        patch, target = self.config.patch_size, self.config.target_length
        frames = spectrogram.shape[1]
        starts = range(0, frames - patch + 1, target)
        pieces = [spectrogram[:, start : start + target] for start in starts]
        parts = [self.piece_logits(piece) for piece in pieces]
        if len(parts) == 1:
            return parts[0]
        total = sum(piece.shape[1] for piece in pieces)
        shares = [piece.shape[1] / total for piece in pieces]
        if self.config.pooling == "logit":
            return sum(share * part for share, part in zip(shares, parts))
        return log_odds(sum(share * part.sigmoid() for share, part in zip(shares, parts)))

    def piece_logits(self, spectrogram):
        tokens = self.encoder(spectrogram)
        if self.config.pooling == "token":
            return self.outputlayer(tokens[:, 0])
        if self.config.pooling == "dm":
            frequency = self.config.n_mels // self.config.patch_size
            moments = tokens.unflatten(1, (-1, frequency)).mean(2)
            return log_odds(self.outputlayer(moments).sigmoid().mean(1))
        return self.outputlayer(tokens.mean(1))
