// @ts-check
/** Entry of the page that unknown addresses lead to. */

import { speak } from '../language.js';

await speak(document);
