import { AudioContextFactory, AudioPlayer, type Client } from '@glokon/guacamole-common-js';

/** What the remote side plays. Browsers let a page be heard once it was clicked or typed at. */
export class Sound {
  /** Whether anything was played since the session began. */
  heard = $state(false);
  muted = $state(false);

  attach(client: Client): void {
    client.onaudio = (stream, mimetype) => {
      const player = AudioPlayer.getInstance(stream, mimetype);
      const play = stream.onblob;
      if (!player || !play) return player;
      // What cannot be heard now is left out: played later, it would lag behind the picture.
      stream.onblob = (data) => {
        this.heard = true;
        if (!this.muted && AudioContextFactory.singleton?.state === 'running') play(data);
      };
      return player;
    };
  }

  /** Somebody clicked or typed: from here on the page may be heard. */
  wake(): void {
    const context = AudioContextFactory.singleton;
    if (context?.state === 'suspended') void context.resume().catch(() => {});
  }
}
