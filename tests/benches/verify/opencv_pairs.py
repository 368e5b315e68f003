"""The LFW protocol through OpenCV's own detector, alignment and embedding, on the same weights: each photo's 128 numbers.

Of several faces the one nearest to the middle is taken: the photos are centred on the person they are named after.
"""
import json, sys
import cv2, numpy

detector_file, embedder_file, file_list = sys.argv[1:4]
cv2.setNumThreads(1)
files = [line.strip() for line in open(file_list, encoding="utf-8") if line.strip()]
detector = cv2.FaceDetectorYN.create(detector_file, "", (250, 250), 0.5, 0.3, 100)
embedder = cv2.FaceRecognizerSF.create(embedder_file, "")

def once(path):
    image = cv2.imdecode(numpy.fromfile(path, numpy.uint8), cv2.IMREAD_COLOR)
    height, width = image.shape[:2]
    detector.setInputSize((width, height))
    faces = detector.detect(image)[1]
    if faces is None:
        return None
    away = lambda face: (face[0] + face[2] / 2 - width / 2) ** 2 + (face[1] + face[3] / 2 - height / 2) ** 2
    return embedder.feature(embedder.alignCrop(image, min(faces, key=away)))[0].tolist()

print(json.dumps({"version": cv2.__version__, "numbers": [once(path) for path in files]}))
