/** Student's t: quantiles for intervals and tests of a mean whose spread is itself estimated. */

/**
 * The t that |T| exceeds with probability `error`, for T of Student's distribution: 4.303 for 2
 * degrees of freedom and 0.05. Accurate to about nine digits.
 * @throws RangeError for less than one degree of freedom, or an error outside (0, 1)
 */
export function studentT(degrees: number, error: number): number {
  if (!(degrees >= 1) || !(error > 0 && error < 1))
    throw new RangeError(`no quantile of t with ${degrees} degrees of freedom at ${error}`);
  let high = 1;
  while (bothTails(high, degrees) > error) high *= 2;
  let low = high === 1 ? 0 : high / 2;
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2;
    if (bothTails(middle, degrees) > error) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(|T| > t) = I(ν / (ν + t²); ν/2, 1/2), the regularised incomplete beta function. */
export function bothTails(t: number, degrees: number): number {
  return incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5);
}

/** Its continued fraction, by Lentz's method (Press et al., Numerical Recipes, section 6.4). */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(
    logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x),
  );
  return x < (a + 1) / (a + b + 2)
    ? (front * betaFraction(x, a, b)) / a
    : 1 - (front * betaFraction(1 - x, b, a)) / b;
}

const SMALLEST = 1e-300;
const TERMS = 500;

function betaFraction(x: number, a: number, b: number): number {
  const away = (value: number): number => (Math.abs(value) < SMALLEST ? SMALLEST : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m <= TERMS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    fraction *= c * d;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    fraction *= c * d;
    if (Math.abs(c * d - 1) < 1e-15) break;
  }
  return fraction;
}

/** Lanczos' approximation with g = 7, to about 15 digits for positive arguments. */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313,
  -176.61502916214059, 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6,
  1.5056327351493116e-7,
];

function logGamma(x: number): number {
  const sum = LANCZOS.reduce((total, term, i) => total + (i === 0 ? term : term / (x - 1 + i)), 0);
  const base = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(base) - base + Math.log(sum);
}
