/**
 * A training's metrics as an event file of TensorBoard's: records of length, masked CRC32C, one
 * Event message and its masked CRC32C. Deterministic: an event's wall time is its step, so that a
 * repeated training writes the same bytes. TensorBoard's STEP axis is the one to read.
 * https://github.com/tensorflow/tensorboard/blob/master/tensorboard/compat/proto/event.proto and
 * TFRecord,
 * https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details
 */
import { CRC32C } from '@google-cloud/storage';
import {
  bytesField,
  doubleField,
  floatField,
  integerField,
  message,
  stringField,
} from '../ced/engine/protobuf';
import type { MetricsLine } from '../ced/training/metrics-line';

/** @param fromStep step of the version record, with which a file begins */
export function encodeEvents(lines: readonly MetricsLine[], fromStep: number): Buffer {
  const version = message(doubleField(1, fromStep), stringField(3, 'brain.Event:2'));
  return Buffer.concat([version, ...lines.map(event)].map(record));
}

function event(line: MetricsLine): Buffer {
  const values =
    'lr' in line
      ? [scalar('loss/step', line.loss), scalar('learning_rate', line.lr)]
      : [
          scalar('loss/epoch', line.loss),
          ...(line.mAP === null ? [] : [scalar('mAP/validation', line.mAP)]),
          ...(line.divergence === undefined
            ? []
            : [scalar('divergence/validation', line.divergence)]),
        ];
  return message(
    doubleField(1, line.step),
    integerField(2, line.step),
    bytesField(5, message(...values)),
  );
}

/** Summary.Value: field 1 is the tag, field 2 `simple_value`. */
function scalar(tag: string, value: number): Buffer {
  return bytesField(1, message(stringField(1, tag), floatField(2, value)));
}

function record(data: Buffer): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  return Buffer.concat([length, maskedChecksum(length), data, maskedChecksum(data)]);
}

function maskedChecksum(bytes: Buffer): Buffer {
  const crc = new CRC32C();
  crc.update(bytes);
  const sum = crc.valueOf() >>> 0;
  const masked = Buffer.alloc(4);
  masked.writeUInt32LE((((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0);
  return masked;
}
