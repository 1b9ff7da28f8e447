"""The HDF5 files beside this one: lies that h5wasm cannot write. h5py 3.12.1, NumPy."""
import h5py, numpy as np

def published(name, values=None, rows=2):
    file = h5py.File(name, "w")
    if values is None:
        file["topk_values"] = np.full((rows, 20), 0.5, np.float16)
    file["topk_indexes"] = np.tile(np.arange(20, dtype=np.int16), (rows, 1))
    file["seeds"] = np.arange(rows, dtype=np.int32)
    return file

# Values that lie in another file, which every process has.
with published("external.h5", values=False) as file:
    file.create_dataset("topk_values", (2, 20), np.float16, external=[("/dev/urandom", 0, 80)])
# Values that lie in the file's own bytes, by way of its name.
with published("external-self.h5", values=False) as file:
    file.create_dataset("topk_values", (2, 20), np.float16, external=[("external-self.h5", 0, 80)])
# Values put together from another dataset.
with published("virtual.h5", values=False) as file:
    file["other"] = np.full((2, 20), 0.5, np.float16)
    layout = h5py.VirtualLayout((2, 20), np.float16)
    layout[:] = h5py.VirtualSource(".", "other", (2, 20))
    file.create_virtual_dataset("topk_values", layout)
# 508 million values of which none is stored.
with h5py.File("enormous.h5", "w") as file:
    for key, shape, dtype in [
        ("topk_values", (25_400_000, 20), np.float16),
        ("topk_indexes", (25_400_000, 20), np.int16),
        ("seeds", (25_400_000,), np.int32),
    ]:
        file.create_dataset(key, shape, dtype, chunks=True, compression="gzip")
# A link that leads out of the file.
with published("linked.h5", values=False) as file:
    file["topk_values"] = h5py.ExternalLink("external.h5", "/seeds")
# A good one, compressed: what a flipped bit in it becomes is tried by a test.
with h5py.File("compressed.h5", "w") as file:
    halves = (np.arange(8000) % 1000 / 1000).astype(np.float16).reshape(400, 20)
    file.create_dataset("topk_values", data=halves, chunks=(100, 20), compression="gzip")
    file["topk_indexes"] = np.tile(np.arange(20, dtype=np.int16), (400, 1))
    seeds = np.arange(400, dtype=np.int32)
    options = dict(chunks=(100,), compression="gzip", shuffle=True, fletcher32=True)
    file.create_dataset("seeds", data=seeds, **options)
# A row fewer than the table that comes with it.
published("two-rows.h5").close()
