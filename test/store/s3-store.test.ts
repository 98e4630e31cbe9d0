import { startS3, type S3Server, useS3 } from '../support/s3-server';
import { sharingSuite } from '../support/sharing-suite';
import { storeSuite } from '../support/store-suite';
import { inS3Store } from '../support/stores';

let server: S3Server;
beforeAll(async () => {
  server = await startS3();
  useS3(server.port);
});
afterAll(() => server.stop());

storeSuite(inS3Store(() => server));
sharingSuite(inS3Store(() => server));
