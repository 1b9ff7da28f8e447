"""Makes the files of this folder and made.json: what each is, its length and its level.

    python3 make.py FFMPEG && npx prettier --write made.json

with sox, flac, oggenc, opusenc and lame on the PATH, numpy and soundfile. Before the next run the
old files are removed; some encoders draw a serial number, so a few files differ every time.

The expected length and level are ffmpeg's, or, where ffmpeg is known to be wrong (chained streams)
those of the parts, or libsndfile's (Vorbis, whose ends ffmpeg does not cut exactly).
"""

import json
import os
import struct
import subprocess
import sys
import tempfile

import numpy as np
import soundfile

FFMPEG = sys.argv[1]
HERE = os.path.dirname(os.path.abspath(__file__))
WORK = tempfile.mkdtemp()
made = []


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, **options)


def ffmpeg(*arguments):
    return run(FFMPEG, "-nostdin", "-v", "error", "-bitexact", "-y", *arguments)


def at(name):
    return os.path.join(WORK, name)


def read(name):
    with open(name, "rb") as file:
        return file.read()


def write(name, content):
    with open(name, "wb") as file:
        file.write(content)


def source(name, rate, channels, seconds, subtype="PCM_16"):
    """Sines, each channel with a pitch and an amplitude of its own, below 0.4 of the rate."""
    time = np.arange(round(rate * seconds)) / rate
    top = min(0.4 * rate, 3000)
    pitch = [top * (0.15 + 0.8 * index / channels) for index in range(channels)]
    level = [0.5 - 0.3 * index / channels for index in range(channels)]
    signal = np.stack([a * np.sin(2 * np.pi * f * time) for f, a in zip(pitch, level)], axis=1)
    soundfile.write(at(name), signal, rate, subtype=subtype)
    return at(name)


def measured(signal, rate):
    mono = signal.mean(axis=1)
    return {
        "seconds": round(len(mono) / rate, 5),
        "rms": round(float(np.sqrt(np.mean(mono.astype(np.float64) ** 2))), 5),
    }


def by_ffmpeg(file):
    out = at("decoded.wav")
    run(
        FFMPEG,
        "-nostdin",
        "-v",
        "quiet",
        "-y",
        "-i",
        file,
        "-map",
        "0:a:0",
        "-c:a",
        "pcm_f32le",
        out,
    )
    return measured(*soundfile.read(out, always_2d=True))


def by_libsndfile(file):
    return measured(*soundfile.read(file, always_2d=True))


def joined(parts):
    seconds = sum(part["seconds"] for part in parts)
    energy = sum(part["rms"] ** 2 * part["seconds"] for part in parts)
    return {"seconds": round(seconds, 5), "rms": round((energy / seconds) ** 0.5, 5)}


def keep(name, how, expected=None, by="ffmpeg", own=True):
    """The file is in the folder. own: it needs no ffmpeg in a worker."""
    file = os.path.join(HERE, name)
    try:
        reference = by_ffmpeg(file)
    except (subprocess.CalledProcessError, soundfile.LibsndfileError):
        reference = None
    expected = expected or reference
    made.append(
        {
            "file": name,
            "how": how,
            "own": own,
            "expected": {**expected, "by": by},
            "ffmpeg": reference,
        }
    )


def out(name):
    return os.path.join(HERE, name)


for name in os.listdir(HERE):
    if name not in ("make.py", "README.md"):
        os.remove(out(name))

m16 = source("m16.wav", 16000, 1, 0.2)
m8 = source("m8.wav", 8000, 1, 0.25)
m22 = source("m22.wav", 22050, 1, 0.25)
m48 = source("m48.wav", 48000, 1, 0.25)
s44 = source("s44.wav", 44100, 2, 0.25)
s48 = source("s48.wav", 48000, 2, 0.3)

# ---- WAV
for codec in ("u8", "s16le", "s24le", "s32le", "f32le", "f64le", "alaw", "mulaw"):
    ffmpeg("-i", m16, "-c:a", f"pcm_{codec}", out(f"wav-{codec}.wav"))
    keep(f"wav-{codec}.wav", f"ffmpeg -c:a pcm_{codec}, 16 kHz mono")
ffmpeg("-i", m16, "-rf64", "always", out("wav-rf64.wav"))
keep("wav-rf64.wav", "ffmpeg -rf64 always")
write(out("wav-bw64.wav"), b"BW64" + read(out("wav-rf64.wav"))[4:])
keep("wav-bw64.wav", "wav-rf64.wav named BW64")
for bits, subtype, size in ((12, "PCM_16", 2), (20, "PCM_24", 3)):
    body = bytearray(read(source(f"b{bits}.wav", 8000, 1, 0.2, subtype)))
    struct.pack_into("<H", body, 34, bits)
    start = body.index(b"data") + 8
    for position in range(start, len(body), size):  # the low bits of the container are 0
        body[position] &= 0xF0
    write(out(f"wav-{bits}bit.wav"), bytes(body))
    keep(f"wav-{bits}bit.wav", f"{bits} bits in {8 * size}, header written by hand")
for channels, rate in ((3, 8000), (6, 8000), (8, 8000), (32, 8000)):
    ffmpeg("-i", source("c.wav", rate, channels, 0.1), out(f"wav-{channels}ch.wav"))
    keep(f"wav-{channels}ch.wav", f"ffmpeg, {channels} channels, extensible")
for rate, seconds in (
    *((1000, 2), (4000, 0.5), (11025, 0.3), (22051, 0.2), (37800, 0.15), (88200, 0.1)),
    *((96000, 0.1), (176400, 0.1), (192000, 0.06), (384000, 0.05)),
):
    ffmpeg("-i", source("r.wav", rate, 1, seconds), out(f"wav-{rate}hz.wav"))
    keep(f"wav-{rate}hz.wav", f"ffmpeg, {rate} Hz mono")
write(out("wav-pipe.wav"), ffmpeg("-i", m16, "-f", "wav", "-").stdout)
keep("wav-pipe.wav", "ffmpeg into a pipe: lengths of 0xffffffff")
ffmpeg("-i", m16, "-metadata", "title=a title", "-metadata", "artist=odd", out("wav-list.wav"))
keep("wav-list.wav", "ffmpeg with a LIST chunk")

# ---- FLAC
for bits, subtype in ((8, "PCM_U8"), (16, "PCM_16"), (24, "PCM_24")):
    run(
        "flac",
        "-s",
        "-f",
        "--no-padding",
        source("f.wav", 16000, 1, 0.2, subtype),
        "-o",
        out(f"flac-{bits}bit.flac"),
    )
    keep(f"flac-{bits}bit.flac", f"flac, {bits} bits")
for bits, size in ((12, 2), (20, 3)):
    raw = read(out(f"wav-{bits}bit.wav"))
    data = raw[raw.index(b"data") :]
    form = struct.pack("<HHIIHHHHI", 0xFFFE, 1, 8000, 8000 * size, size, 8 * size, 22, bits, 4)
    form += bytes.fromhex("0100000000001000800000aa00389b71")
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + data
    write(at("e.wav"), b"RIFF" + struct.pack("<I", len(body)) + body)
    run("flac", "-s", "-f", "--no-padding", at("e.wav"), "-o", out(f"flac-{bits}bit.flac"))
    keep(f"flac-{bits}bit.flac", f"flac of an extensible WAV of {bits} bits")
ffmpeg(
    "-i",
    source("i32.wav", 16000, 1, 0.2, "PCM_32"),
    "-c:a",
    "flac",
    "-strict",
    "-2",
    "-sample_fmt",
    "s32",
    "-bits_per_raw_sample",
    "32",
    out("flac-32bit.flac"),
)
keep("flac-32bit.flac", "ffmpeg, 32 bits")
time = np.arange(1600) / 16000
alike = np.stack([0.5 * np.sin(2 * np.pi * 440 * time)] * 2, axis=1)
soundfile.write(at("alike.wav"), alike, 16000, subtype="PCM_32")
run("flac", "-s", "-f", "--no-padding", at("alike.wav"), "-o", out("flac-32bit-stereo.flac"))
keep("flac-32bit-stereo.flac", "flac, 32 bits, by the difference of its channels", own=False)
run("flac", "-s", "-f", "--no-padding", "--blocksize=192", m16, "-o", out("flac-block192.flac"))
keep("flac-block192.flac", "flac --blocksize=192")
run(
    "flac",
    "-s",
    "-f",
    "--no-padding",
    "-8",
    "--lax",
    "--blocksize=16384",
    m48,
    "-o",
    out("flac-block16384.flac"),
)
keep("flac-block16384.flac", "flac --lax --blocksize=16384, 48 kHz")
for channels in (2, 3, 8):
    ffmpeg("-i", source("c.wav", 16000, channels, 0.1), out(f"flac-{channels}ch.flac"))
    keep(f"flac-{channels}ch.flac", f"ffmpeg, {channels} channels")
flac = read(out("flac-16bit.flac"))
piped = run("flac", "-s", "-c", "--no-seektable", "-", input=read(m16)).stdout
piped = (
    piped[:18] + bytes([piped[18], piped[19], piped[20], piped[21] & 0xF0]) + bytes(4) + piped[26:]
)
id3v2 = b"ID3\x04\0\0\0\0\0\x14" + b"TIT2\0\0\0\x0a\0\0\0a title.."
footer = b"ID3\x04\0\x10\0\0\0\x14" + id3v2[10:] + b"3DI\x04\0\x10\0\0\0\x14"
id3v1 = b"TAG" + b"a title".ljust(125, b"\0")
ape = b"APETAGEX" + struct.pack("<IIII", 2000, 32, 0, 0) + bytes(8)
lyrics = b"LYRICSBEGININD0000200000026LYRICS200"
for name, content, how in (
    ("id3v2", id3v2 + flac, "ID3v2 before it"),
    ("id3v2-twice", id3v2 + id3v2 + flac, "two ID3v2 before it"),
    ("footer", footer + flac, "ID3v2.4 with a footer before it"),
    ("id3v1", flac + id3v1, "ID3v1 behind it"),
    ("piped", piped, "its total of samples 0"),
    ("piped-id3v1", piped + id3v1, "its total of samples 0, ID3v1 behind it"),
    ("piped-ape", piped + ape + id3v1, "its total of samples 0, APE and ID3v1 behind it"),
    ("piped-lyrics", piped + lyrics + id3v1, "its total of samples 0, Lyrics3 and ID3v1 behind it"),
):
    write(out(f"flac-{name}.flac"), content)
    keep(f"flac-{name}.flac", f"flac, {how}", expected=by_libsndfile(m16), by="its source")
for name, file in (("s44", s44), ("m22", m22)):
    run("flac", "-s", "-f", "--no-padding", "--ogg", file, "-o", out(f"ogg-flac-{name}.oga"))
    keep(f"ogg-flac-{name}.oga", "flac --ogg")
write(out("ogg-flac-chain.oga"), read(out("ogg-flac-s44.oga")) + read(out("ogg-flac-m22.oga")))
keep(
    "ogg-flac-chain.oga",
    "cat of the two",
    joined([by_libsndfile(s44), by_libsndfile(m22)]),
    "its parts",
)

# ---- Vorbis
VORBIS = {
    "m8": (m8, "0"),
    "m22": (m22, "1"),
    "m48": (m48, "-1"),
    "s44": (s44, "1"),
    "s48": (s48, "4"),
}
for name, (file, quality) in VORBIS.items():
    run("oggenc", "-Q", "-q", quality, "-s", "1", file, "-o", out(f"vorbis-{name}.ogg"))
    keep(
        f"vorbis-{name}.ogg",
        f"oggenc -q {quality}",
        by_libsndfile(out(f"vorbis-{name}.ogg")),
        "libsndfile",
    )
run(
    "oggenc",
    "-Q",
    "-q",
    "-1",
    "-s",
    "1",
    source("c.wav", 16000, 6, 0.1),
    "-o",
    out("vorbis-6ch.ogg"),
)
keep("vorbis-6ch.ogg", "oggenc, six channels", by_libsndfile(out("vorbis-6ch.ogg")), "libsndfile")
ffmpeg("-i", s44, "-c:a", "libvorbis", "-q:a", "0", out("vorbis-ffmpeg.ogg"))
keep(
    "vorbis-ffmpeg.ogg",
    "ffmpeg -c:a libvorbis",
    by_libsndfile(out("vorbis-ffmpeg.ogg")),
    "libsndfile",
)
ffmpeg(
    "-f",
    "lavfi",
    "-i",
    "color=size=16x16:duration=0.25:rate=4",
    "-i",
    s44,
    "-c:v",
    "libtheora",
    "-c:a",
    "libvorbis",
    "-q:a",
    "0",
    out("vorbis-theora.ogv"),
)
keep(
    "vorbis-theora.ogv",
    "ffmpeg, beside Theora",
    by_libsndfile(out("vorbis-ffmpeg.ogg")),
    "libsndfile of vorbis-ffmpeg.ogg",
)
for name, parts in (
    ("rate", ["s44", "m22"]),
    ("same", ["s44", "s44"]),
    ("channels", ["m48", "s48"]),
    ("four", ["m8", "s44", "m22", "s48"]),
):
    write(
        out(f"vorbis-chain-{name}.ogg"), b"".join(read(out(f"vorbis-{part}.ogg")) for part in parts)
    )
    expected = joined([by_libsndfile(out(f"vorbis-{part}.ogg")) for part in parts])
    keep(
        f"vorbis-chain-{name}.ogg",
        f"cat of {', '.join(parts)}",
        expected,
        "its parts by libsndfile",
    )

# ---- Opus


def ogg_crc(page):
    crc = 0
    for byte in page:
        crc ^= byte << 24
        for _ in range(8):
            crc = ((crc << 1) ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc


def with_gain(file, decibel):
    content = bytearray(read(file))
    struct.pack_into("<h", content, content.index(b"OpusHead") + 16, round(decibel * 256))
    end = 27 + content[26] + sum(content[27 : 27 + content[26]])
    content[22:26] = bytes(4)
    struct.pack_into("<I", content, 22, ogg_crc(content[:end]))
    return bytes(content)


OPUS = {"m8": (m8, "16"), "m48": (m48, "24"), "s44": (s44, "48"), "s48": (s48, "48")}
for name, (file, rate) in OPUS.items():
    run(
        "opusenc",
        "--quiet",
        "--padding",
        "0",
        "--serial",
        "1",
        "--bitrate",
        rate,
        file,
        out(f"opus-{name}.opus"),
    )
    keep(f"opus-{name}.opus", f"opusenc --bitrate {rate}")
for frame in ("2.5", "5", "10", "40", "60"):
    run(
        "opusenc",
        "--quiet",
        "--padding",
        "0",
        "--serial",
        "1",
        "--bitrate",
        "32",
        "--framesize",
        frame,
        m48,
        out(f"opus-{frame}ms.opus"),
    )
    keep(f"opus-{frame}ms.opus", f"opusenc --framesize {frame}")
run(
    "opusenc",
    "--quiet",
    "--padding",
    "0",
    "--serial",
    "1",
    "--bitrate",
    "96",
    source("c.wav", 48000, 6, 0.1),
    out("opus-6ch.opus"),
)
keep("opus-6ch.opus", "opusenc, six channels")
ffmpeg(
    "-i",
    source("c.wav", 48000, 16, 0.1),
    "-c:a",
    "libopus",
    "-mapping_family",
    "255",
    "-b:a",
    "160k",
    out("opus-16ch.opus"),
)
keep("opus-16ch.opus", "ffmpeg -mapping_family 255, 16 channels")
for decibel in (-12, -6, 6):
    write(out(f"opus-gain{decibel}.opus"), with_gain(out("opus-s48.opus"), decibel))
    keep(f"opus-gain{decibel}.opus", f"opus-s48.opus with an output gain of {decibel} dB")
run(
    "opusenc",
    "--quiet",
    "--padding",
    "0",
    "--serial",
    "1",
    "--bitrate",
    "24",
    "--comment",
    "R128_TRACK_GAIN=-2560",
    m48,
    out("opus-r128.opus"),
)
keep(
    "opus-r128.opus",
    "opusenc with R128_TRACK_GAIN=-2560",
    by_ffmpeg(out("opus-m48.opus")),
    "opus-m48.opus by ffmpeg",
)
for name, parts in (
    ("same", ["s48", "s48"]),
    ("channels", ["m48", "s48"]),
    ("three", ["m8", "s44", "m48"]),
):
    write(
        out(f"opus-chain-{name}.opus"), b"".join(read(out(f"opus-{part}.opus")) for part in parts)
    )
    expected = joined([by_ffmpeg(out(f"opus-{part}.opus")) for part in parts])
    keep(f"opus-chain-{name}.opus", f"cat of {', '.join(parts)}", expected, "its parts by ffmpeg")
write(
    out("ogg-chain-codecs.ogg"),
    read(out("vorbis-s44.ogg")) + read(out("opus-m48.opus")) + read(out("ogg-flac-m22.oga")),
)
expected = joined(
    [by_libsndfile(out("vorbis-s44.ogg")), by_ffmpeg(out("opus-m48.opus")), by_libsndfile(m22)]
)
keep("ogg-chain-codecs.ogg", "cat of Vorbis, Opus and FLAC", expected, "its parts")

# ---- MP3
LAME = {
    "cbr-s44": (s44, ["-b", "96"]),
    "vbr-s44": (s44, ["-V", "5"]),
    "abr-s48": (s48, ["--abr", "80"]),
    "mono-m48": (m48, ["-b", "64"]),
    "mpeg2-m22": (m22, ["-b", "48"]),
    "mpeg25-m8": (m8, ["-b", "24"]),
    "noinfo-s44": (s44, ["-b", "96", "-t"]),
    "crc-s44": (s44, ["-b", "96", "-p"]),
}
for name, (file, options) in LAME.items():
    run("lame", "--quiet", *options, file, out(f"mp3-{name}.mp3"))
    keep(f"mp3-{name}.mp3", f"lame {' '.join(options)}")
ffmpeg("-i", s44, "-c:a", "libmp3lame", "-b:a", "96k", out("mp3-ffmpeg.mp3"))
keep("mp3-ffmpeg.mp3", "ffmpeg -c:a libmp3lame, ID3v2 and a LAME tag")
mp3 = read(out("mp3-cbr-s44.mp3"))
write(out("mp3-tags.mp3"), footer + id3v2 + mp3 + ape + id3v1)
keep(
    "mp3-tags.mp3",
    "two ID3v2 before, APE and ID3v1 behind",
    by_ffmpeg(out("mp3-cbr-s44.mp3")),
    "without tags by ffmpeg",
)
bare = read(out("mp3-noinfo-s44.mp3"))
size = 144 * 96000 // 32000  # lame resamples to 32 kHz at this rate
frame = bytearray(bare[:4].ljust(size, b"\0"))
frame[36 : 36 + 26] = b"VBRI" + struct.pack(
    ">HHHIIHHHH", 1, 0, 0, len(bare), len(bare) // size, 0, 1, 2, 1
)
write(out("mp3-vbri.mp3"), bytes(frame) + bare)
keep("mp3-vbri.mp3", "mp3-noinfo-s44.mp3 behind a VBRI frame by hand")
for name in ("mp2-s44", "mp2-m48"):
    ffmpeg(
        "-i", s44 if name == "mp2-s44" else m48, "-c:a", "mp2", "-b:a", "96k", out(f"{name}.mp2")
    )
    keep(f"{name}.mp2", "ffmpeg -c:a mp2")
for name, parts in (
    ("rate", ["cbr-s44", "mpeg2-m22"]),
    ("same", ["cbr-s44", "cbr-s44"]),
    ("channels", ["mono-m48", "abr-s48"]),
    ("four", ["mpeg25-m8", "vbr-s44", "mono-m48", "mpeg2-m22"]),
):
    content = b"".join(read(out(f"mp3-{part}.mp3")) + id3v1 for part in parts)
    write(out(f"mp3-joined-{name}.mp3"), content)
    expected = joined([by_ffmpeg(out(f"mp3-{part}.mp3")) for part in parts])
    keep(
        f"mp3-joined-{name}.mp3",
        f"cat of {', '.join(parts)}, ID3v1 between",
        expected,
        "its parts by ffmpeg",
    )

# ---- what a worker needs ffmpeg for
for name, file, options in (
    ("aac-s44.m4a", s44, ["-c:a", "aac", "-b:a", "64k"]),
    ("aac-m48.m4a", m48, ["-c:a", "aac", "-b:a", "48k"]),
    (
        "aac-fragmented.mp4",
        s44,
        ["-c:a", "aac", "-b:a", "64k", "-movflags", "frag_keyframe+empty_moov"],
    ),
    ("alac.m4a", m16, ["-c:a", "alac"]),
    ("aac.adts", s44, ["-c:a", "aac", "-b:a", "64k", "-f", "adts"]),
    ("opus.webm", s48, ["-c:a", "libopus", "-b:a", "48k"]),
    ("vorbis.mka", s44, ["-c:a", "libvorbis", "-q:a", "0"]),
    ("wma.wma", s44, ["-c:a", "wmav2", "-b:a", "64k"]),
    ("aiff.aiff", m16, []),
    ("aifc-mulaw.aiff", m16, ["-c:a", "pcm_mulaw", "-f", "aiff"]),
    ("au-s16.au", m16, []),
    ("au-alaw.au", m16, ["-c:a", "pcm_alaw"]),
    ("caf.caf", m16, []),
    ("w64.w64", m16, []),
    ("wav-adpcm-ima.wav", m16, ["-c:a", "adpcm_ima_wav"]),
    ("wav-adpcm-ms.wav", m16, ["-c:a", "adpcm_ms"]),
    ("wav-mp3.wav", s44, ["-c:a", "libmp3lame", "-b:a", "96k"]),
    ("ac3.ac3", s48, ["-c:a", "ac3", "-b:a", "96k"]),
    ("wavpack.wv", m16, ["-c:a", "wavpack"]),
    ("tta.tta", m16, ["-c:a", "tta"]),
):
    ffmpeg("-i", file, *options, out(name))
    keep(name, f"ffmpeg {' '.join(options)}", own=False)
ffmpeg("-ss", "0.1", "-i", out("aac-s44.m4a"), "-c", "copy", out("aac-cut.m4a"))
keep("aac-cut.m4a", "aac-s44.m4a from 0.1 s on, by its edit list", own=False)
run("sox", m8, "-e", "gsm-full-rate", out("wav-gsm.wav"))
keep("wav-gsm.wav", "sox -e gsm-full-rate", own=False)
run("sox", m16, "-t", "sph", out("sphere.sph"))
keep("sphere.sph", "sox -t sph", own=False)
run("sox", m16, "-t", "voc", out("voc.voc"))
keep("voc.voc", "sox -t voc", own=False)

with open(out("made.json"), "w", encoding="utf-8") as file:
    json.dump(made, file, indent=2)
    file.write("\n")
print(len(made), "files,", sum(os.path.getsize(out(each["file"])) for each in made), "bytes")
