"""
The graphs of SavedModels beside this file (saved_model.pb alone, no variables). TensorFlow 2.21.
"""
import os, shutil, tempfile
import tensorflow as tf

def keep(name, save):
    folder = tempfile.mkdtemp()
    save(os.path.join(folder, "model"))
    shutil.copy(os.path.join(folder, "model", "saved_model.pb"), name)

WAVES = [tf.TensorSpec([None, None], tf.float32)]

def module(serve):
    """A tf.Module with a variable and this function as its signature."""
    class Net(tf.Module):
        def __init__(self):
            self.gain = tf.Variable([[1.0, 2.0]])
        @tf.function(input_signature=WAVES)
        def serve(self, waves):
            return {"scores": serve(tf.matmul(tf.reduce_mean(waves, 1, keepdims=True), self.gain))}
    net = Net()
    signatures = {"serving_default": net.serve}
    return lambda folder: tf.saved_model.save(net, folder, signatures=signatures)

def writes(scores):
    tf.io.write_file("/tmp/written", tf.io.read_file("/proc/self/environ"))
    tf.print(scores, output_stream="file:///tmp/printed")
    return scores

def saves(scores):
    tf.raw_ops.SaveV2(
        prefix="/tmp/saved", tensor_names=["a"], shape_and_slices=[""], tensors=[scores]
    )
    return scores

def restores(scores):
    (restored,) = tf.raw_ops.RestoreV2(
        prefix="/tmp/other", tensor_names=["a"], shape_and_slices=[""], dtypes=[tf.float32]
    )
    return scores + restored

def version1(folder):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        waves = v1.placeholder(tf.float32, [None, None])
        gain = v1.get_variable("gain", [1, 2])
        scores = tf.matmul(tf.reduce_mean(waves, 1, keepdims=True), gain)
        session.run(v1.global_variables_initializer())
        v1.saved_model.simple_save(session, folder, {"waves": waves}, {"scores": scores})

keep("module.pb", module(tf.sigmoid))
keep("writes.pb", module(writes))
keep("saves.pb", module(saves))
keep("restores.pb", module(restores))
keep("version1.pb", version1)
