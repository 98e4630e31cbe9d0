import fc from 'fast-check';

/**
 * Property tests look at the same examples on every machine, so that what passed here passes there. Others are tried by
 * `FC_SEED=$RANDOM npm test`.
 */
fc.configureGlobal({ seed: Number(process.env.FC_SEED ?? 1) });
