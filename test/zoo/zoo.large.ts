import { techniques } from '../../engine/names';
import { compressesZoo } from './compresses';
import { zoo } from './models';

compressesZoo(zoo.flatMap((name) => techniques.map((technique) => [name, technique] as const)));
