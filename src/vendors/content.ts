import type { Vendor } from './vendor.ts';

/** Weather, news, maps, prices, films and music. */
export const content: readonly Vendor[] = [
  {
    name: 'openweathermap',
    host: 'api.openweathermap.org',
    credential: { query: { appid: '{{ api_key }}' } },
    noLibrary: 'no client library of it has been tried; send plain HTTP',
    documentation: 'https://openweathermap.org/appid',
  },
  {
    name: 'newsapi',
    host: 'newsapi.org',
    credential: { headers: { 'x-api-key': '{{ api_key }}' } },
    noLibrary: 'newsapi-python takes no base URL',
    documentation: 'https://newsapi.org/docs/authentication',
  },
  {
    name: 'google-maps',
    host: 'maps.googleapis.com',
    credential: { query: { key: '{{ api_key }}' } },
    noLibrary: 'no client library of it has been tried; send plain HTTP',
    documentation: 'https://developers.google.com/maps/documentation/geocoding/get-api-key',
    note: 'it answers 200 also when it refuses a key, so a rotation is noticed only by the regular check',
  },
  {
    name: 'serpapi',
    host: 'serpapi.com',
    credential: { query: { api_key: '{{ api_key }}' } },
    noLibrary: 'no client library of it has been tried; send plain HTTP',
    documentation: 'https://serpapi.com/search-api',
  },
  {
    name: 'alphavantage',
    host: 'www.alphavantage.co',
    credential: { query: { apikey: '{{ api_key }}' } },
    noLibrary: 'no client library of it has been tried; send plain HTTP',
    documentation: 'https://www.alphavantage.co/documentation/',
  },
  {
    name: 'giphy',
    host: 'api.giphy.com',
    credential: { query: { api_key: '{{ api_key }}' } },
    noLibrary: 'no client library of it has been tried; send plain HTTP',
    documentation: 'https://developers.giphy.com/docs/api/',
  },
  {
    name: 'tmdb',
    host: 'api.themoviedb.org',
    credential: { bearer: '{{ access_token }}' },
    noLibrary: 'no client library of it has been tried; send plain HTTP',
    documentation: 'https://developer.themoviedb.org/docs/authentication-application',
    note: "for the shorter API key: --query 'api_key={{ api_key }}'",
  },
  {
    name: 'spotify',
    host: 'api.spotify.com',
    credential: { oauth2: { grant: 'client_credentials', token_url: 'https://accounts.spotify.com/api/token' } },
    libraries: [
      {
        language: 'python',
        package: 'spotipy',
        line: 'client = spotipy.Spotify(auth="no-key"); client.prefix = "{url}/v1/"',
        checked: '2.26.0',
      },
    ],
    documentation: 'https://developer.spotify.com/documentation/web-api/tutorials/client-credentials-flow',
    note: 'for what belongs to nobody; not for playlists and the like of a user',
  },
  {
    name: 'twitch',
    host: 'api.twitch.tv',
    credential: {
      oauth2: { grant: 'client_credentials', token_url: 'https://id.twitch.tv/oauth2/token', auth: 'body' },
      headers: { 'client-id': '{{ client_id }}' },
    },
    noLibrary: 'no client library of it has been tried; send plain HTTP',
    documentation: 'https://dev.twitch.tv/docs/authentication/getting-tokens-oauth/',
  },
];
