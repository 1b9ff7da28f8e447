import fc from 'fast-check';
import { contentSha256 } from '../../../ced/corpus/content-hash';
import { sha256 } from '../../../storage/store';
import { canonicalJson } from '../../../ced/canonical-json';

const labels = fc.option(fc.array(fc.nat(600), { maxLength: 3 }));
const clip = fc.record({ sha256: fc.string(), labels });

describe("a split's content", () => {
  it('is named by the hash of its canonical JSON', () =>
    fc.assert(
      fc.property(
        fc.array(clip, { maxLength: 20 }),
        fc.double({ min: 0.1, max: 60, noNaN: true }),
        (clips, chunkSeconds) => {
          const vocabulary = [{ mid: '/m/0', name: 'Größe "x"' }];
          const content = {
            chunkSeconds,
            vocabulary,
            clips: clips.map((each) => [each.sha256, each.labels]),
          };
          expect(contentSha256({ chunkSeconds, vocabulary }, clips)).toBe(
            sha256(canonicalJson(content)),
          );
        },
      ),
    ));

  it('is named the same when it is hashed in several parts', () => {
    const clips = Array.from({ length: 9000 }, (_, index) => ({
      sha256: `${index}`,
      labels: index % 2 === 0 ? [index] : null,
    }));
    const content = {
      chunkSeconds: 1,
      vocabulary: [],
      clips: clips.map((each) => [each.sha256, each.labels]),
    };
    expect(contentSha256({ chunkSeconds: 1, vocabulary: [] }, clips)).toBe(
      sha256(canonicalJson(content)),
    );
  });
});
