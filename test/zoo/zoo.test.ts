import { techniques } from '../../engine/names';
import { compressesZoo } from './compresses';
import { zoo } from './models';

// Every model by one of the techniques, in turn: `npm run test:zoo` has all of them.
compressesZoo(zoo.map((name, at) => [name, techniques[at % techniques.length]] as const));
