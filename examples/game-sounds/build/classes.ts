/**
 * The classes: each is a set of recordings, told by their paths in the packages. A class has at
 * least ten recordings that are different sounds. Steps have not: single ones are cut from the
 * files of walking and running.
 */

export interface SoundClass {
  readonly name: string;
  /** Of a path that starts with the name of its package. */
  readonly recordings: RegExp;
}

const animal = (name: string, ancient: string, glest: string): SoundClass => ({
  name,
  recordings: new RegExp(
    `^0ad-data/audio/actor/fauna/\\w+/(${ancient})|^megaglest-data/.*/sounds/(${glest})`,
  ),
});
const ancient = (name: string, path: string): SoundClass => ({
  name,
  recordings: new RegExp(`^0ad-data/audio/${path}`),
});
/** A fish of the game, in its line's first word: m is the smaller and a woman, v a man. */
const fish = (name: string, language: 'cs' | 'nl', who: 'm' | 'v'): SoundClass => ({
  name,
  recordings: new RegExp(
    `^fillets-ng-data-${language}/.*/${language}/([a-z0-9]+-)?${who}-[^/]*\\.ogg$`,
  ),
});

export const CLASSES: readonly SoundClass[] = [
  animal('Cattle', 'cattle_', '(mudchute_)?cow|bull_(ack|die|select)'),
  animal('Pig', 'pig_', 'pig_'),
  animal('Sheep and goat', 'sheep_|goat_', 'sheep'),
  animal('Chicken', 'chicken_', 'chicken|rooster'),
  animal('Elephant', 'elephant_', 'ele\\d'),
  ancient('Horse', 'actor/(fauna/animal/horse|fauna/death/death_horse|mounted/death)'),
  {
    name: 'Water',
    recordings: /^0ad-data\/audio\/ambient\/water\/|^megaglest-data\/.*\/water\d/,
  },
  ancient('Fire', 'attack/fire/'),
  ancient('Scream of a man', 'actor/human/death/male_death'),
  ancient('Scream of a woman', 'actor/human/death/female_death'),
  ancient('Greek, a woman', 'voice/greek/civ/civ_female'),
  ancient('Latin, a woman', 'voice/latin/civ/civ_female'),
  ancient('Latin, a man', 'voice/latin/civ/civ_male'),
  ancient('Meroitic, a woman', 'voice/napatan/civ/civ_female'),
  ancient('Meroitic, a man', 'voice/napatan/civ/civ_male'),
  ancient('Persian, a woman', 'voice/persian/civ/civ_female'),
  ancient('Persian, a man', 'voice/persian/civ/civ_male'),
  fish('Czech, a woman', 'cs', 'm'),
  fish('Czech, a man', 'cs', 'v'),
  fish('Dutch, a woman', 'nl', 'm'),
  fish('Dutch, a man', 'nl', 'v'),
  ancient('Bow', 'attack/weapon/(bow_attack|arrowfly)'),
  ancient('Arrow into earth', 'attack/impact/arrow_dirt'),
  ancient('Arrow on metal', 'attack/impact/arrow_metal'),
  ancient('Arrow on stone', 'attack/impact/arrow_stone'),
  ancient('Arrow into wood', 'attack/impact/arrow_wood'),
  ancient('Blow on a metal shield', 'attack/impact/shield_metal'),
  ancient('Blow on a wooden shield', 'attack/impact/shield_wood'),
  ancient('Sling', 'attack/weapon/sling'),
  ancient('Sling stone on metal', 'attack/impact/sling_metal'),
  ancient('Sling stone on stone', 'attack/impact/sling_stone'),
  ancient('Sling stone on wood', 'attack/impact/sling_wood'),
  ancient('Pike', 'attack/weapon/pike_attack'),
  ancient('Spear', 'attack/weapon/spear_attack'),
  ancient('Sword', 'attack/weapon/(sword_attack|swordhit)'),
  ancient('Saw', 'resource/construction/con_saw'),
  ancient('Hammer on wood', 'resource/construction/con_wood'),
  ancient('Leaves', 'resource/foraging/leaves'),
  ancient('Reaping', 'resource/gathering/gather_field'),
  ancient('Picking fruit', 'resource/gathering/gather_fruit'),
  ancient('Cutting meat', 'resource/gathering/gather_meat'),
  ancient('Axe on a tree', 'resource/lumbering/lumber_tree'),
  ancient('Pick on ore', 'resource/mining/mine_metal'),
  ancient('Pick on stone', 'resource/mining/mine_stone'),
];

/** Behind the sounds, in no label. */
export const AMBIENCE = /^0ad-data\/audio\/ambient\/(dayscape|weather)\//;
