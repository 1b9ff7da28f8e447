// Joins the controls, the microphone or a file, the model and what is shown.
import { decodeFile, Recent, resampled, wavOf, windowsOf } from './audio.js';
import { openMicrophone } from './microphone.js';
import { drawSpectrogram } from './spectrogram.js';
import { Tagger } from './tagger.js';

const SHOWN = 8;
const SHORTEST_HOP_SECONDS = 0.5;
/** Where a class has no threshold of its own. */
const USUAL_THRESHOLD = 0.5;

const element = (id) => document.getElementById(id);
const [status, microphoneButton, fileInput, saveButton, canvas, tagList] = [
  'status',
  'microphone',
  'file',
  'save',
  'spectrogram',
  'tags',
].map(element);

const tagger = new Tagger();
const labels = await fetch(new URL('labels.json', import.meta.url)).then((file) => file.json());
const { sampleRate: rate, shortestSamples, classes } = labels;
const windowSamples = Math.round(labels.windowSeconds * rate);

let closeMicrophone = null;
let shown = null;
/** Counts files and starts of the microphone: what an earlier one still computes is dropped. */
let turn = 0;
let isChanging = false;
/** At least twice what a window takes, so that a slow device is not kept busy. */
let hopSeconds = SHORTEST_HOP_SECONDS;

/** Most probable first. */
function ranked(probabilities) {
  return classes
    .map(({ name, threshold }, at) => ({
      name,
      probability: probabilities[at],
      isPresent: probabilities[at] >= (threshold ?? USUAL_THRESHOLD),
    }))
    .sort((a, b) => b.probability - a.probability);
}

const percent = (probability) => `${Math.round(100 * probability)} %`;

function show(samples, probabilities) {
  shown = samples;
  saveButton.disabled = false;
  drawSpectrogram(canvas, samples);
  const tags = ranked(probabilities);
  tagList.replaceChildren(...tags.slice(0, SHOWN).map(tagItem));
  const present = tags.filter(({ isPresent }) => isPresent).map(({ name }) => name);
  const said = present.slice(0, SHOWN).join(', ') || 'No class above its threshold';
  // the same text again would be read again
  if (element('present').textContent !== said) element('present').textContent = said;
}

function tagItem({ name, probability, isPresent }) {
  const item = document.createElement('li');
  item.classList.toggle('present', isPresent);
  item.dataset.probability = probability;
  const meter = document.createElement('meter');
  meter.value = probability;
  meter.setAttribute('aria-hidden', 'true');
  item.append(meter, ...[name, percent(probability)].map(span));
  return item;
}

function span(text) {
  const made = document.createElement('span');
  made.textContent = text;
  return made;
}

async function startMicrophone() {
  turn++;
  const recent = new Recent(windowSamples * 4); // of any rate up to four times ours
  let fresh = 0;
  closeMicrophone = await openMicrophone(rate, (block, given) => {
    recent.add(block);
    fresh += block.length / given;
    // A hop that finds the model at work is left out.
    if (fresh < hopSeconds || tagger.isBusy) return;
    fresh = 0;
    const latest = recent.samples.slice(-Math.round(labels.windowSeconds * given));
    void tagLatest(latest, given).catch(complain);
  });
  microphoneButton.textContent = 'Stop the microphone';
  microphoneButton.setAttribute('aria-pressed', 'true');
  element('timeline').hidden = true;
  status.textContent = 'Listening.';
}

async function tagLatest(latest, given) {
  const samples = await resampled(latest, given, rate);
  if (samples.length < shortestSamples || closeMicrophone === null) return;
  const { probabilities, milliseconds } = await tagger.tag(samples);
  if (closeMicrophone === null) return;
  hopSeconds = Math.max(SHORTEST_HOP_SECONDS, (2 * milliseconds) / 1000);
  show(samples, probabilities);
  const seconds = (samples.length / rate).toFixed(1);
  const took = Math.round(milliseconds);
  element('progress').textContent =
    `The last ${seconds} s took ${took} ms, ` + `the next result in ${hopSeconds.toFixed(1)} s.`;
}

async function stopMicrophone() {
  const close = closeMicrophone;
  closeMicrophone = null;
  await close?.();
  microphoneButton.textContent = 'Start the microphone';
  microphoneButton.setAttribute('aria-pressed', 'false');
  element('progress').textContent = '';
  status.textContent = 'The microphone is off.';
}

async function tagFile(file) {
  const mine = ++turn;
  await stopMicrophone();
  status.textContent = `Reading ${file.name} …`;
  const samples = await decodeFile(await file.arrayBuffer(), rate);
  const windows = windowsOf(samples.length, windowSamples, shortestSamples);
  if (mine !== turn) return;
  if (windows.length === 0) throw new Error(`${file.name} is too short`);
  element('windows').replaceChildren();
  element('timeline').hidden = false;
  for (const [at, { start, end }] of windows.entries()) {
    const own = samples.slice(start, end);
    const { probabilities } = await tagger.tag(own);
    if (mine !== turn) return;
    if (at === 0) show(own, probabilities);
    addWindow({ start: start / rate, end: end / rate, probabilities });
    element('progress').textContent = `${at + 1} of ${windows.length} windows`;
  }
  status.textContent = `${file.name} is tagged.`;
  drawSpectrogram(canvas, samples);
}

function addWindow({ start, end, probabilities }) {
  const row = document.createElement('tr');
  const head = document.createElement('th');
  head.scope = 'row';
  head.textContent = `${start.toFixed(2)}–${end.toFixed(2)}`;
  const cell = document.createElement('td');
  const tags = ranked(probabilities).slice(0, 3);
  cell.textContent = tags.map((tag) => `${tag.name} ${percent(tag.probability)}`).join(', ');
  row.dataset.probabilities = JSON.stringify([...probabilities]);
  row.append(head, cell);
  element('windows').append(row);
}

function saveWindow() {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([wavOf(shown, rate)], { type: 'audio/wav' }));
  link.download = 'window.wav';
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function complain(error) {
  status.textContent = `That did not work: ${error.message ?? error}`;
}

microphoneButton.addEventListener('click', () => {
  if (isChanging) return; // a second click while the browser asks for permission
  isChanging = true;
  const change = closeMicrophone === null ? startMicrophone() : stopMicrophone();
  void change.catch(complain).finally(() => (isChanging = false));
});
fileInput.addEventListener('change', () => {
  const [file] = fileInput.files;
  if (file !== undefined) void tagFile(file).catch(complain);
  fileInput.value = ''; // the same file can be chosen again
});
saveButton.addEventListener('click', saveWindow);
for (const [name, isOver] of [
  ['dragover', true],
  ['dragleave', false],
  ['drop', false],
])
  document.addEventListener(name, (event) => {
    event.preventDefault();
    document.body.classList.toggle('dropping', isOver);
  });
document.addEventListener('drop', ({ dataTransfer: { files } }) => {
  if (files.length > 0 && !fileInput.disabled) void tagFile(files[0]).catch(complain);
});

try {
  await tagger.ready;
  status.textContent = 'Ready.';
  microphoneButton.disabled = false;
  fileInput.disabled = false;
} catch (error) {
  complain(error);
}
