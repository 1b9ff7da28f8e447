/** A model of the ensemble in `teachers`. */
import { z } from 'zod';
import { name, place } from './field-types';

const teacherFields = {
  name: name.describe('Name in reports.'),
  weight: z
    .number()
    .positive()
    .default(1)
    .describe('Weight in the ensemble mean; weights are normalised.'),
};

const waveformTeacherFields = {
  ...teacherFields,
  output: z
    .enum(['probabilities', 'logits'])
    .describe('What it gives; logits go through a sigmoid.'),
  vocabulary: place.describe(
    "Its classes in order, in AudioSet's columns `index,mid,display_name`; matched to the run's by MID, then name.",
  ),
  spectrogramMasks: z
    .enum(['refuse', 'skip'])
    .default('refuse')
    .describe(
      'Masks cannot reach a teacher that hears no spectrogram of ours: refuse such a run, or skip the masks for this teacher.',
    ),
};

export const teacherSchema = z.discriminatedUnion('format', [
  z.strictObject({
    format: z.literal('ced').describe('A CED checkpoint as published, spectrogram masks included.'),
    checkpoint: place.describe(
      'Folder, `gs://`, `https://` or `hf://organisation/repository`, with model.safetensors and config.json.',
    ),
    ...teacherFields,
  }),
  z.strictObject({
    format: z.literal('onnx').describe('An ONNX network with a front end of its own.'),
    checkpoint: place.describe(
      'One file (or `gs://`, `https://`, `hf://organisation/repository/file`) with one input, float32 waveforms [batch, samples] at 16 kHz, and one output [batch, classes]; no external data.',
    ),
    ...waveformTeacherFields,
  }),
  z.strictObject({
    format: z
      .literal('savedmodel')
      .describe('A TensorFlow SavedModel with a front end of its own.'),
    checkpoint: place.describe(
      'Folder whose signature `serving_default` has one input, float32 waveforms [batch, samples] at 16 kHz, and one output [batch, classes].',
    ),
    ...waveformTeacherFields,
  }),
]);

export type Teacher = z.output<typeof teacherSchema>;
