// Small pieces that views share.
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Sendable } from './api';
import { command, formats, type Format } from './commands';
import { address, go, say } from './state';
import { t } from './text';

/** A link within the console. */
export function A({ to, children, ...rest }: { to: string; children: ComponentChildren; class?: string; id?: string; 'aria-current'?: 'page' | 'true' | undefined; 'aria-label'?: string }) {
  return (
    <a href={address(to)} {...rest} onClick={(e) => {
      if (e.ctrlKey || e.metaKey || e.shiftKey || e.button !== 0) return;
      e.preventDefault();
      go(to);
    }}>{children}</a>
  );
}

export const statusClass = (status: number): string => `status s${Math.floor(status / 100)}`;

export function Status({ of }: { of: number }) {
  return <span class={statusClass(of)}>{of}</span>;
}

async function write(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement('textarea'); // an address that browsers take for unsafe
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}

/** Copies a text and says so. */
export function Copy({ text, label, name }: { text: () => string; label?: string; name?: string }) {
  const done = useSignal(false);
  return (
    <button type="button" aria-label={name} onClick={async () => {
      try {
        await write(text());
        done.value = true;
        say(t('Copied', 'Скопійовано'));
        setTimeout(() => { done.value = false; }, 1500);
      } catch {
        say(t('The browser does not let the page copy', 'Браузер не дозволяє сторінці копіювати'));
      }
    }}>{done.value ? `✓ ${t('Copied', 'Скопійовано')}` : label ?? t('Copy', 'Копіювати')}</button>
  );
}

let chosen: Format = (localStorage.getItem('esoz.format') as Format | null) ?? (navigator.userAgent.includes('Windows') ? 'powershell' : 'curl');
if (!(chosen in formats)) chosen = 'curl';

/** A request as a command, in the language of the reader. */
export function Command({ of, id }: { of: Sendable; id: string }) {
  const format = useSignal<Format>(chosen);
  const text = () => command(format.value, of);
  return (
    <div class="command">
      <div class="row">
        <label for={`${id}-format`}>{t('As', 'Як')}</label>
        <select id={`${id}-format`} value={format.value} onChange={(e) => {
          format.value = e.currentTarget.value as Format;
          chosen = format.value;
          localStorage.setItem('esoz.format', chosen);
        }}>
          {Object.entries(formats).map(([key, name]) => <option key={key} value={key}>{name}</option>)}
        </select>
        <Copy text={text} label={t('Copy the command', 'Копіювати команду')} />
      </div>
      <pre tabIndex={0} aria-label={t('Command', 'Команда')}>{text()}</pre>
    </div>
  );
}

/** Gives the heading of a view the focus when the reader comes to it, so that a keyboard and a screen reader go on from there. */
export function Title({ children, focus }: { children: string; focus?: unknown }) {
  useEffect(() => {
    document.title = `${children} · esoz`;
  }, [children]);
  useEffect(() => {
    if (focus) document.getElementById('title')?.focus({ preventScroll: true });
  }, [focus]);
  return <h1 id="title" tabIndex={-1}>{children}</h1>;
}

export const pretty = (body: string): string => {
  try { return JSON.stringify(JSON.parse(body), null, 2); } catch { return body; }
};
