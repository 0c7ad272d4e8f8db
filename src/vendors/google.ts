import type { Vendor } from './vendor.ts';

const PERSONAL =
  'for what belongs to a person, add subject: person@example.com to the block, with domain-wide delegation';

/** APIs of Google that a service account opens. The secret is its key file, as Google hands it out. */
export const google: readonly Vendor[] = [
  {
    name: 'google-storage',
    host: 'storage.googleapis.com',
    credential: scoped('devstorage.read_write'),
    noLibrary: 'no client library of it has been tried; send plain HTTP',
    strip: ['query:key'],
    documentation: 'https://developers.google.com/identity/protocols/oauth2/scopes',
  },
  {
    name: 'bigquery',
    host: 'bigquery.googleapis.com',
    credential: scoped('bigquery'),
    noLibrary: 'no client library of it has been tried; send plain HTTP',
    strip: ['query:key'],
    documentation: 'https://developers.google.com/identity/protocols/oauth2/scopes',
  },
  {
    name: 'vertex-ai',
    host: 'aiplatform.googleapis.com',
    credential: scoped('cloud-platform'),
    noLibrary: 'no client library of it has been tried; send plain HTTP',
    strip: ['query:key'],
    documentation: 'https://cloud.google.com/vertex-ai/docs/authentication',
    note: 'in one location: --host europe-west4-aiplatform.googleapis.com and so on',
  },
  {
    name: 'gmail',
    host: 'gmail.googleapis.com',
    credential: scoped('gmail.modify'),
    noLibrary: 'no client library of it has been tried; send plain HTTP',
    strip: ['query:key'],
    documentation: 'https://developers.google.com/gmail/api/auth/scopes',
    note: PERSONAL,
  },
  {
    name: 'google-drive',
    host: 'www.googleapis.com',
    credential: scoped('drive'),
    noLibrary: 'no client library of it has been tried; send plain HTTP',
    strip: ['query:key'],
    documentation: 'https://developers.google.com/drive/api/guides/api-specific-auth',
    note: PERSONAL,
  },
  {
    name: 'google-calendar',
    host: 'www.googleapis.com',
    credential: scoped('calendar'),
    noLibrary: 'no client library of it has been tried; send plain HTTP',
    strip: ['query:key'],
    documentation: 'https://developers.google.com/calendar/api/auth',
    note: PERSONAL,
  },
  {
    name: 'google-spreadsheets',
    host: 'sheets.googleapis.com',
    credential: scoped('spreadsheets'),
    noLibrary: 'no client library of it has been tried; send plain HTTP',
    strip: ['query:key'],
    documentation: 'https://developers.google.com/identity/protocols/oauth2/scopes',
    note: 'share the spreadsheets with the e-mail address of the service account',
  },
];

function scoped(scope: string): Vendor['credential'] {
  return { google_service_account: { scopes: [`https://www.googleapis.com/auth/${scope}`] } };
}
