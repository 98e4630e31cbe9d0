import { mirrorName, redacted, remoteUrl } from '../../../store/remote/remote-url';

describe('an address', () => {
  it.each([
    ['s3://models/exports/net.onnx', 's3/models/exports/net.onnx'],
    ['s3://models/photos/a b/ü.jpg', 's3/models/photos/a~20b/~C3~BC.jpg'],
    ['https://models.example:8443/exports/net.onnx', 'web/models.example~3A8443/exports/net.onnx'],
    ['https://h.example/a/.hidden', expect.stringMatching(/^web\/h\.example\/a\/[0-9a-f]{32}$/)],
    [
      `https://h.example/${'n'.repeat(300)}.onnx`,
      expect.stringMatching(/^web\/h\.example\/[0-9a-f]{32}\.onnx$/),
    ],
    [
      'https://h.example/net.onnx?v=1',
      expect.stringMatching(/^web\/h\.example\/query-[0-9a-f]{32}\/net\.onnx$/),
    ],
  ])('%s has a name of its own here', (address, name) => {
    expect(mirrorName(remoteUrl(address))).toEqual(name);
  });

  it('with another query is another file', () => {
    const [a, b] = ['v=1', 'v=2'].map((query) => mirrorName(remoteUrl(`https://h.example/n?${query}`)));
    expect(a).not.toBe(b);
  });

  it.each([
    ['ftp://h/x', /no s3:\/\/ or https:\/\/ address/],
    ['s3://models', /must be s3:\/\/bucket\/key/],
    ['s3://models/a/../b', /leads elsewhere/],
    ['s3://models/a//b', /has an empty name/],
    ['https://h.example/', /names no file/],
    ['https://h.example/a/../b', /leads upwards/],
    ['https://h.example/a/%2e%2e/b', /leads upwards/],
    ['https://h.example/..', /leads upwards/],
    ['https://', /is no valid address/],
    ['https://ann:secret@h.example/a', /has a name or password in it/],
  ])('%s is refused', (address, message) => {
    expect(() => remoteUrl(address)).toThrow(message);
    expect(() => remoteUrl(address)).not.toThrow(/secret/);
  });

  it('is shown without what may be secret', () => {
    expect(redacted('https://ann:pw@h.example/a?sig=1#x')).toBe('https://…@h.example/a');
  });
});
