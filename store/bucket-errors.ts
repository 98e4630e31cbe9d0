import { StoreError, type StoreProblem } from './store-errors';

/** Common fields of the S3 SDK's errors. */
interface S3Failure extends Error {
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

const statusOf = (error: unknown) => (error as S3Failure).$metadata?.httpStatusCode;

/** Tells if there is no such object. A missing bucket is something else. */
export const isMissing = (error: unknown): boolean =>
  ['NoSuchKey', 'NotFound'].includes((error as Error).name) && statusOf(error) === 404;

/** Tells if the condition of a request did not hold. */
export const isOutdated = (error: unknown): boolean => [409, 412].includes(statusOf(error) ?? 0);

const full = ['QuotaExceeded', 'XMinioStorageFull', 'XMinioAdminBucketQuotaExceeded', 'EntityTooLarge'];
const noCredentials = ['CredentialsProviderError', 'TokenProviderError'];

/** Errors that are not the server's: bugs, and those of local files. */
const ours = ['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError'];
const local = ['ENOENT', 'ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS', 'EACCES', 'EPERM', 'EIO', 'EMFILE'];

/**
 * Turns an error of the SDK into what it means for what is kept there; returns any other as it is.
 * @param place what is kept where, as in "the store at s3://bucket"
 */
export function s3Error(error: unknown, place: string): unknown {
  const { name, message, code } = error as S3Failure;
  if (error instanceof StoreError || ours.includes(name) || local.includes(code ?? '')) return error;
  const text = [name, code, message].filter((part) => part && part !== 'Error' && part !== 'UnknownError');
  const [problem, advice] = meaningOf(name, message, statusOf(error));
  return new StoreError(problem, `${place}: ${advice} (${[...new Set(text)].join(': ')})`, {
    cause: error,
  });
}

function meaningOf(name: string, message: string, status: number | undefined): [StoreProblem, string] {
  if (full.includes(name) || status === 507)
    return [
      'StoreFull',
      'its space is used up: free some (`slimflow gc --dry-run` shows what could be removed)',
    ];
  if (noCredentials.includes(name))
    return ['StoreRefused', 'no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile'];
  if (/region is missing/i.test(message)) return ['StoreRefused', 'no region: set AWS_REGION'];
  if (name === 'NoSuchBucket') return ['StoreRefused', 'the bucket does not exist: create it'];
  if (status === 401 || status === 403)
    return [
      'StoreRefused',
      'the credentials do not allow it: they need permission to read, write, list and delete',
    ];
  if (status === 301 || status === 307)
    return ['StoreRefused', 'the bucket is in another region: set AWS_REGION to that region'];
  return ['StoreUnreachable', "the server can't be reached, or dropped the connection"];
}
