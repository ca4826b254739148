// The language of the page. The bar keeps it.
import { signal } from '@preact/signals';

export type Language = 'en' | 'uk';

export const language = signal<Language>(document.documentElement.lang === 'uk' ? 'uk' : 'en');
addEventListener('esoz:language', () => { language.value = document.documentElement.lang === 'uk' ? 'uk' : 'en'; });

/** A text in both languages, as the reader wants it. */
export const t = (en: string, uk: string): string => (language.value === 'uk' ? uk : en);

/** A number with a noun in its Ukrainian forms: 1 запит, 2 запити, 5 запитів. */
export const plural = (n: number, one: string, few: string, many: string): string => {
  const tens = n % 100, units = n % 10;
  if (units === 1 && tens !== 11) return `${n} ${one}`;
  return `${n} ${units >= 2 && units <= 4 && (tens < 12 || tens > 14) ? few : many}`;
};

const two = (n: number): string => String(n).padStart(2, '0');

/** The time of day of a moment, in the zone of the browser. */
export const clockTime = (at: string): string => {
  const d = new Date(at);
  return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
};

export const dateTime = (at: string): string => {
  const d = new Date(at);
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${clockTime(at)}`;
};

/** How long: 4:59. */
export const minutes = (ms: number): string => {
  const s = Math.max(0, Math.ceil(ms / 1000));
  return s >= 3600 ? `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`;
};
