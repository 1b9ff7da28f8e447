import fc from 'fast-check';
import { escapeHtml, html, scriptJson } from '../../report/html';

describe('html templates', () => {
  it('escape what is put into them', () => {
    expect(html`<b title="${'"><img src=x>'}">${"<i>&'"}</b>`.text).toBe(
      '<b title="&#34;&#62;&#60;img src=x&#62;">&#60;i&#62;&#38;&#39;</b>',
    );
  });

  it('leave what is HTML already as it is, lists included', () => {
    const items = ['a', '<b>'].map((item) => html`<li>${item}</li>`);
    expect(
      html`<ul>
        ${items}
      </ul>`.text.replace(/\s+/g, ''),
    ).toBe('<ul><li>a</li><li>&#60;b&#62;</li></ul>');
  });

  it('keep words from right to left to themselves, numbers and attributes as they are', () => {
    const name = 'קלרינט בס';
    expect(html`<li title="${name}">${`${name} 3, עוד 4`} <span>${0.5}</span></li>`.text).toBe(
      '<li title="קלרינט בס"><bdi>קלרינט בס</bdi> 3, <bdi>עוד</bdi> 4 <span>0.5</span></li>',
    );
  });

  it('show characters that reorder or hide what is around them by their codes', () => {
    expect(html`<b title="${'a\u202eb'}">${'a\u202eb\u0000\tc\n'}</b>`.text).toBe(
      '<b title="a\\u202eb">a\\u202eb\\u0000\tc\n</b>',
    );
  });

  it('leave nothing where there is nothing, but keep a zero', () => {
    expect(html`${null}${undefined}${0}`.text).toBe('0');
  });

  it('hold no character that could end a text or a quoted attribute, and lose none', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const escaped = escapeHtml(text);
        expect(escaped).not.toMatch(/[<>"']/);
        expect(
          escaped.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code))),
        ).toBe(text);
      }),
    );
  });
});

describe('a data block', () => {
  it('cannot be closed by its content and reads back as it was', () => {
    const value = { name: '</script><script>alert(1)</script>', line: '\u2028', comment: '<!--' };
    const { text } = scriptJson(value);
    expect(text).not.toMatch(/[<>&\u2028]/);
    expect(JSON.parse(text)).toEqual(value);
  });
});
