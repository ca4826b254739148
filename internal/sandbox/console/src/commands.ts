// A request as a command or a program.
import { at, type Opened, type Sendable } from './api';

const bash = (s: string): string => `'${s.replace(/'/g, `'\\''`)}'`;
const compact = (body: string): string => { try { return JSON.stringify(JSON.parse(body)); } catch { return body; } };
const c = (s: string): string => `"${s.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n').replace(/\r/g, '\\r').replace(/\0/g, '\\0')}"`;
const single = (s: string): string => `'${s.replace(/\\/g, '\\\\').replace(/'/g, "\\'")}'`;
const type = (r: Sendable): string => r.headers.find((h) => h.name.toLowerCase() === 'content-type')?.value ?? 'application/json';
const others = (r: Sendable) => r.headers.filter((h) => h.name.toLowerCase() !== 'content-type');

export const formats = {
  curl: 'bash', powershell: 'PowerShell', cmd: 'cmd', csharp: 'C#', php: 'PHP', typescript: 'TypeScript',
} as const;
export type Format = keyof typeof formats;

export function command(format: Format, r: Sendable): string {
  const url = at(r.path), body = compact(r.body);
  switch (format) {
    case 'curl':
      return [`curl -sS -X ${r.method} ${bash(url)}`, ...r.headers.map((h) => `-H ${bash(`${h.name}: ${h.value}`)}`), ...(body ? [`--data-binary ${bash(body)}`] : [])].join(' \\\n  ');
    case 'cmd': {
      const quote = (s: string) => `"${s.replace(/(\\*)"/g, '$1$1\\"')}"`;
      return [`curl.exe -sS -X ${r.method} ${quote(url)}`, ...r.headers.map((h) => `-H ${quote(`${h.name}: ${h.value}`)}`), ...(body ? [`--data-binary ${quote(body)}`] : [])].join(' ^\n  ');
    }
    case 'powershell': {
      const quote = (s: string) => `'${s.replace(/['‘’‚‛]/g, '$&$&')}'`;
      const headers = others(r).map((h) => `${quote(h.name)} = ${quote(h.value)}`).join('; ');
      const sent = body ? ` \`\n  -ContentType ${quote(type(r))} -Body ([Text.Encoding]::UTF8.GetBytes(${quote(body)}))` : '';
      return `Invoke-RestMethod -Method ${r.method} -Uri ${quote(url)} \`\n  -Headers @{ ${headers} }${sent}`;
    }
    case 'csharp': {
      const lines = ['using var http = new HttpClient();', `using var request = new HttpRequestMessage(new HttpMethod(${c(r.method)}), ${c(url)});`];
      others(r).forEach((h) => lines.push(`request.Headers.TryAddWithoutValidation(${c(h.name)}, ${c(h.value)});`));
      if (body) lines.push(`request.Content = new StringContent(${c(body)}, System.Text.Encoding.UTF8, ${c(type(r).split(';')[0]!)});`);
      return [...lines, 'using var answer = await http.SendAsync(request);', 'Console.WriteLine($"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");'].join('\n');
    }
    case 'php': {
      const headers = r.headers.map((h) => `        ${single(`${h.name}: ${h.value}`)},`).join('\n');
      return `<?php\n$context = stream_context_create(['http' => [\n    'method' => ${single(r.method)},\n    'header' => [\n${headers}\n    ],\n${body ? `    'content' => ${single(body)},\n` : ''}    'ignore_errors' => true,\n]]);\necho file_get_contents(${single(url)}, false, $context);`;
    }
    case 'typescript': {
      const headers = JSON.stringify(Object.fromEntries(r.headers.map((h) => [h.name, h.value])), null, 2).replace(/\n/g, '\n  ');
      return `const answer = await fetch(${JSON.stringify(url)}, {\n  method: ${JSON.stringify(r.method)},\n  headers: ${headers},\n${body ? `  body: ${JSON.stringify(body)},\n` : ''}});\nconsole.log(answer.status, await answer.text());`;
    }
  }
}

/** The exchange as an HTTP archive, which browsers and other tools read. */
export function har(o: Opened): string {
  const url = new URL(at(o.path));
  const header = (name: string, of: Opened['answer']) => of.headers.find((h) => h.name === name)?.value ?? '';
  const common = (m: Opened['answer']) => ({ httpVersion: 'HTTP/1.1', cookies: [], headers: m.headers, headersSize: -1, bodySize: m.size });
  return JSON.stringify({
    log: {
      version: '1.2', creator: { name: 'esoz', version: '1' },
      entries: [{
        startedDateTime: o.arrived_at, time: o.took_ms, cache: {}, timings: { send: 0, wait: o.took_ms, receive: 0 },
        request: {
          method: o.method, url: url.href, queryString: [...url.searchParams].map(([name, value]) => ({ name, value })), ...common(o.request),
          ...(o.request.size ? { postData: { mimeType: header('Content-Type', o.request), text: o.request.body } } : {}),
        },
        response: {
          status: o.status, statusText: '', redirectURL: header('Location', o.answer), ...common(o.answer),
          content: { size: o.answer.size, mimeType: header('Content-Type', o.answer), text: o.answer.body, ...(o.answer.base64 ? { encoding: 'base64' } : {}) },
        },
      }],
    },
  }, null, 2);
}
