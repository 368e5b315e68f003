"""Times faiss on the same vectors: exact search (flat) and eight bits a number, one probe at a time and all at once."""
import json, sys, time
import faiss, numpy

gallery_file, probes_file = sys.argv[1:3]
gallery = numpy.fromfile(gallery_file, numpy.float32).reshape(-1, 128)
probes = numpy.fromfile(probes_file, numpy.float32).reshape(-1, 128)

def median(times):
    return sorted(times)[len(times) // 2]

def timed(index):
    index.search(probes[:1], 1)
    single = []
    for probe in probes:
        begun = time.perf_counter()
        index.search(probe[None, :], 1)
        single.append(time.perf_counter() - begun)
    batched = []
    for _ in range(5):
        begun = time.perf_counter()
        index.search(probes, 1)
        batched.append((time.perf_counter() - begun) / len(probes))
    return median(single), median(batched)

flat = faiss.IndexFlatIP(128)
flat.add(gallery)
eight = faiss.IndexScalarQuantizer(128, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT)
eight.train(gallery[:100_000])
eight.add(gallery)
best = flat.search(probes, 1)[1][:, 0].tolist()
flat, eight = timed(flat), timed(eight)
print(json.dumps({"version": faiss.__version__, "flat": flat, "eight": eight, "best": best}))
