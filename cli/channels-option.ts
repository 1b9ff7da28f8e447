/** The option of commands that decode audio. */
import { CHANNEL_CHOICES } from '../ced/audio/channels';
import { oneOf } from '../infra/command-line/option';

export const channelsOption = {
  value: 'CHOICE',
  is: oneOf(...CHANNEL_CHOICES),
  shown: 'mix',
  help: 'of several channels: mix takes their mean, first and loudest take one',
} as const;
