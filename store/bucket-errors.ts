import { StoreError, type StoreProblem } from './store-errors';

/** What the errors of the S3 SDK have in common. */
interface S3Failure extends Error {
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

const statusOf = (error: unknown) => (error as S3Failure).$metadata?.httpStatusCode;

/** Whether there is no such object. A bucket that is not there is something else. */
export const isMissing = (error: unknown): boolean =>
  ['NoSuchKey', 'NotFound'].includes((error as Error).name) && statusOf(error) === 404;

/** Whether the condition of a request did not hold. */
export const isOutdated = (error: unknown): boolean => [409, 412].includes(statusOf(error) ?? 0);

const full = ['QuotaExceeded', 'XMinioStorageFull', 'XMinioAdminBucketQuotaExceeded', 'EntityTooLarge'];
const noCredentials = ['CredentialsProviderError', 'TokenProviderError'];

/** Errors that are not the server's: bugs, and those of local files. */
const ours = ['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError'];
const local = ['ENOENT', 'ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS', 'EACCES', 'EPERM', 'EIO', 'EMFILE'];

/** An error of the SDK as what it means for the store; any other as it is. */
export function s3Error(error: unknown, where: string): unknown {
  const { name, message, code } = error as S3Failure;
  if (error instanceof StoreError || ours.includes(name) || local.includes(code ?? '')) return error;
  const text = [name, code, message].filter((part) => part && part !== 'Error' && part !== 'UnknownError');
  const [problem, mend] = meaningOf(name, message, statusOf(error));
  return new StoreError(problem, `the store at ${where}: ${mend} (${[...new Set(text)].join(': ')})`, {
    cause: error,
  });
}

function meaningOf(name: string, message: string, status: number | undefined): [StoreProblem, string] {
  if (full.includes(name) || status === 507)
    return ['StoreFull', 'its space is used up: free some (`slimflow gc --dry-run` shows what could go)'];
  if (noCredentials.includes(name))
    return ['StoreRefused', 'no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile'];
  if (/region is missing/i.test(message)) return ['StoreRefused', 'no region: set AWS_REGION'];
  if (name === 'NoSuchBucket') return ['StoreRefused', 'there is no such bucket: create it'];
  if (status === 401 || status === 403)
    return [
      'StoreRefused',
      'the credentials do not allow it: it takes reading, writing, listing and deleting',
    ];
  if (status === 301 || status === 307)
    return ['StoreRefused', 'the bucket lies in another region: set AWS_REGION to it'];
  return ['StoreUnreachable', 'the server could not be reached, or broke off'];
}
