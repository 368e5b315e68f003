"""Times OpenCV on the same weights and files: decode, detect (YuNet), align, embed (SFace). One thread."""
import json, sys, time
import cv2, numpy

detector_file, embedder_file, folder_list = sys.argv[1:4]
runs = 3
cv2.setNumThreads(1)
files = [line.strip() for line in open(folder_list, encoding="utf-8") if line.strip()]
detector = cv2.FaceDetectorYN.create(detector_file, "", (480, 640), 0.6, 0.3, 100)
embedder = cv2.FaceRecognizerSF.create(embedder_file, "")

def once(path):
    data = numpy.fromfile(path, numpy.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    detector.setInputSize((image.shape[1], image.shape[0]))
    faces = detector.detect(image)[1]
    return embedder.feature(embedder.alignCrop(image, faces[0]))

times = []
once(files[0])
for _ in range(runs):
    for path in files:
        begun = time.perf_counter()
        once(path)
        times.append(time.perf_counter() - begun)
print(json.dumps({"version": cv2.__version__, "seconds": times}))
