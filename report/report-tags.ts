/**
 * The models as taggers, on eval: precision and recall for every threshold, what the thresholds
 * fitted on validation give, and whether probabilities mean what they say.
 */
import type { OperatingPoint } from '../ced/metrics/operating-points';
import type { TagScores } from '../ced/metrics/tag-scores';
import { html, type Html } from './html';
import { formatCount, formatPercent, formatScore, formatThreshold } from './number-format';
import { sparkPlot, squarePlot, type PlotLine } from './plot';
import { MOST_DRAWN } from './report-classes';
import { bestStudent, type ReportData, type ReportModel } from './report-data';
import { dot, modelColour, table } from './report-parts';
import type { Section } from './report-section';

type TaggingModel = ReportModel & { tags: TagScores };

export function tagsSection(data: ReportData): Section | null {
  const models = data.models.filter((model): model is TaggingModel => !!model.tags);
  if (models.length === 0) return null;
  const best = models.find((model) => model === bestStudent(data)) ?? null;
  return {
    id: 'tags',
    title: 'Precision, recall and calibration',
    note:
      'On eval, over every clip and class together. A class is told where its probability is its ' +
      'threshold or more: the one with the best F1 on validation, which the marks show. The ' +
      'calibration error is the mean distance between a probability and the share of tags with ' +
      'it that are right; most probabilities are near 0, and so is most of the error.',
    content: html`<div class="charts plots">
        ${squarePlot(
          'Precision and recall',
          { x: 'recall', y: 'precision' },
          models.map((model) => recallLine(data, model)),
        )}
        ${squarePlot(
          'Reliability',
          { x: 'probability', y: 'share that is right' },
          models.map((model) => reliabilityLine(data, model)),
          { diagonal: true },
        )}
      </div>
      ${modelTable(data, models)} ${best && classTable(data, best)}`,
  };
}

function curveLine(points: readonly OperatingPoint[]): { x: number; y: number }[] {
  return points.map(({ recall, precision }) => ({ x: recall, y: precision }));
}

function recallLine(data: ReportData, model: TaggingModel): PlotLine {
  const { curve, atThresholds } = model.tags;
  return {
    label: model.name,
    colour: modelColour(data, model),
    points: curveLine(curve),
    mark: pointOf(atThresholds?.overall),
  };
}

function pointOf(
  score: { precision: number | null; recall: number | null } | undefined,
): { x: number; y: number } | null {
  if (!score || score.precision === null || score.recall === null) return null;
  return { x: score.recall, y: score.precision };
}

function reliabilityLine(data: ReportData, model: TaggingModel): PlotLine {
  const { bins } = model.tags.calibration;
  return {
    label: model.name,
    colour: modelColour(data, model),
    points: bins.map(({ probability, share }) => ({ x: probability, y: share })),
    isDotted: true,
  };
}

function modelTable(data: ReportData, models: readonly TaggingModel[]): Html {
  return table(
    ['Model', 'Calibration error', 'Precision', 'Recall'],
    models.map((model) => {
      const { calibration, atThresholds } = model.tags;
      return html`<tr>
        <th scope="row">${dot(modelColour(data, model))}${model.name}</th>
        <td>${formatScore(calibration.error, 4)}</td>
        <td>${formatPercent(atThresholds?.overall.precision ?? null)}</td>
        <td>${formatPercent(atThresholds?.overall.recall ?? null)}</td>
      </tr>`;
    }),
  );
}

function classTable(data: ReportData, model: TaggingModel): Html {
  const { classCurves, atThresholds } = model.tags;
  const colour = modelColour(data, model);
  const draws = data.classes.length <= MOST_DRAWN;
  const rows = data.classes.flatMap(({ name, positives }, index) => {
    if (positives === 0) return [];
    const score = atThresholds?.classes[index];
    const line = {
      ...{ label: name, colour, points: curveLine(classCurves[index] ?? []) },
      mark: pointOf(score),
    };
    return [
      html`<tr>
        <th scope="row">${name}</th>
        ${draws ? html`<td>${sparkPlot(`Precision and recall of ${name}`, line)}</td>` : null}
        <td>${score ? formatThreshold(score.threshold) : '–'}</td>
        <td>${formatPercent(score?.precision ?? null)}</td>
        <td>${formatPercent(score?.recall ?? null)}</td>
        <td>${formatCount(positives)}</td>
      </tr>`,
    ];
  });
  const curve = draws ? 'Curve' : null;
  const columns = ['Class', curve, 'Threshold', 'Precision', 'Recall', 'Clips'];
  return html`<details>
    <summary>Every class of ${model.name}</summary>
    ${table(columns, rows, 'named')}
  </details>`;
}
