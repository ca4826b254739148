const options = {
  scrollYOffset: '.bar',
  expandResponses: '200,201,202',
  jsonSampleExpandLevel: 4,
  hideDownloadButton: false,
  downloadUrls: [{ title: 'openapi.json', url: 'openapi.json' }, { title: 'openapi.yaml', url: 'openapi.yaml' }],
  pathInMiddlePanel: false,
  requiredPropsFirst: false,
  nativeScrollbars: true,
  theme: {
    colors: { primary: { main: '#12508f' }, text: { primary: '#1b2430' } },
    typography: {
      fontSize: '15px',
      fontFamily: 'system-ui, sans-serif',
      headings: { fontFamily: 'system-ui, sans-serif', fontWeight: '600' },
      code: { fontSize: '13px', fontFamily: 'ui-monospace, monospace', color: '#8a2b4a', wrap: true },
    },
    sidebar: { width: '290px', backgroundColor: '#f4f6f9' },
    rightPanel: { backgroundColor: '#1b2a3a' },
  },
};

// Redoc shows a picture of its maker's, from another host. Nothing here asks another host for anything.
const foreign = (value) => { const url = new URL(value, location.href); return url.protocol.startsWith('http') && url.origin !== location.origin; };
const { setAttribute } = Element.prototype, src = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, 'src');
HTMLImageElement.prototype.setAttribute = function set(name, value) {
  if (name !== 'src' || !foreign(value)) setAttribute.call(this, name, value);
};
Object.defineProperty(HTMLImageElement.prototype, 'src', { ...src, set(value) { if (!foreign(value)) src.set.call(this, value); } });

// The contract as it is, with the way from each operation to its checks.
fetch('openapi.json').then((answer) => answer.json()).then((contract) => {
  Object.values(contract.paths).flatMap((item) => Object.values(item)).forEach((operation) => {
    if (operation.operationId) {
      operation.externalDocs = { url: `rules/${operation.operationId}/`, description: 'Its checks, in their order' };
    }
  });
  Redoc.init(contract, options, document.getElementById('redoc'));
});
