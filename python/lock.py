"""Writes requirements.txt, the packages of the tests: python lock.py python3.10 python3.11 …

Asks the pip of each Python what it would install on Linux x86-64, and pins versions and SHA-256.
"""
import json
import subprocess
import sys
from pathlib import Path

WANTED = ["temporalio", "numpy", "fsspec", "gcsfs", "s3fs", "onnxruntime"]
TOOLS = ["pytest", "mypy", "hatchling"]
HEADER = "# What the tests of ced-teacher run with, on Linux x86-64; made by lock.py.\n"


def resolved(python):
    """(name, version) to SHA-256."""
    command = [python, "-m", "pip", "install", "--dry-run", "--quiet"]
    command += ["--ignore-installed", "--report", "-", "--only-binary=:all:", *WANTED, *TOOLS]
    report = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    return {
        (item["metadata"]["name"].lower().replace("_", "-"), item["metadata"]["version"]): item[
            "download_info"
        ]["archive_info"]["hashes"]["sha256"]
        for item in json.loads(report)["install"]
    }


def version_of(python):
    command = [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def main(pythons):
    found = {version_of(python): resolved(python) for python in pythons}
    lines = []
    for name, version in sorted({pin for pins in found.values() for pin in pins}):
        having = [each for each in found if (name, version) in found[each]]
        hashes = sorted({found[each][name, version] for each in having})
        marker = "" if having == [*found] else f' ; python_version in "{" ".join(having)}"'
        lines.append(f"{name}=={version}{marker}")
        lines[-1] += "".join(f" \\\n    --hash=sha256:{digest}" for digest in hashes)
    Path(__file__).with_name("requirements.txt").write_text(HEADER + "\n".join(lines) + "\n")


main(sys.argv[1:])
