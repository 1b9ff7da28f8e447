import { checkpointBench } from '../checkpoint';
import { goalsBench } from '../goals';
import { groupBench } from '../group';
import { growthBench } from '../growth';
import { ingestBench } from '../ingest';
import { lengthsBench } from '../lengths';
import { logitsBench } from '../logits';
import { lossBench } from '../loss';
import { overheadBench } from '../overhead';
import { resumeBench } from '../resume';
import { scaleBench } from '../scale';
import { storageBench } from '../storage';
import { tagsBench } from '../tags';
import { trafficBench } from '../traffic';
import { expectGoodHelp } from '../../test/support/good-help';

describe('the help of every benchmark', () => {
  afterEach(() => jest.restoreAllMocks());

  it.each([
    ['checkpoint', checkpointBench],
    ['goals', goalsBench],
    ['group', groupBench],
    ['growth', growthBench],
    ['ingest', ingestBench],
    ['lengths', lengthsBench],
    ['logits', logitsBench],
    ['loss', lossBench],
    ['overhead', overheadBench],
    ['resume', resumeBench],
    ['scale', scaleBench],
    ['storage', storageBench],
    ['tags', tagsBench],
    ['traffic', trafficBench],
  ])('%s fits a terminal and explains its examples', async (_name, bench) => {
    let printed = '';
    jest
      .spyOn(process.stdout, 'write')
      .mockImplementation((text) => ((printed += String(text)), true));
    expect(await bench(['--help'])).toBe(0);
    expectGoodHelp(printed.trimEnd());
  });
});
