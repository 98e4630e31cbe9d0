/**
 * Tests a version of Node (`20.19.1`) against the range of `engines` in package.json, which is written as
 * `^20.19.0 || >=22.12.0`: a caret keeps the major version, `>=` doesn't.
 * @throws Error when a part of the range is written otherwise
 */
export function inRange(version: string, range: string): boolean {
  const [major, minor] = version.split('.').map(Number);
  return range.split(' || ').some((part) => {
    const [, sign, fromMajor, fromMinor] = /^(\^|>=)(\d+)\.(\d+)\.0$/.exec(part) ?? [];
    if (!sign) throw new Error(`the range of Node versions ${range} can't be read at ${part}`);
    const isLater = sign === '>=' && major > Number(fromMajor);
    return isLater || (major === Number(fromMajor) && minor >= Number(fromMinor));
  });
}
