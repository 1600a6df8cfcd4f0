package interop;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A way to the server that can be cut. */
final class Relay implements AutoCloseable {
  private final ServerSocket listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private final String host;
  private final int port;
  private volatile boolean cut;

  Relay(String address) throws IOException {
    String[] parts = address.split(":");
    host = parts[0];
    port = Integer.parseInt(parts[1]);
    background(this::accept);
  }

  String address() {
    return "127.0.0.1:" + listening.getLocalPort();
  }

  /** Ends all connections, and those to come. */
  void cut() throws IOException {
    cut = true;
    for (Socket socket : sockets) socket.close();
  }

  void restore() {
    cut = false;
  }

  @Override
  public void close() throws IOException {
    cut();
    listening.close();
  }

  private void accept() throws IOException {
    while (true) {
      Socket near = listening.accept();
      if (cut) {
        near.close();
        continue;
      }
      Socket far = new Socket(host, port);
      sockets.add(near);
      sockets.add(far);
      near.setTcpNoDelay(true);
      far.setTcpNoDelay(true);
      background(() -> pump(near, far));
      background(() -> pump(far, near));
    }
  }

  private void pump(Socket from, Socket to) throws IOException {
    try (from; to) {
      InputStream in = from.getInputStream();
      byte[] bytes = new byte[64 * 1024];
      for (int n = in.read(bytes); n >= 0; n = in.read(bytes)) to.getOutputStream().write(bytes, 0, n);
    } finally {
      sockets.remove(from);
    }
  }

  private interface Work {
    void run() throws IOException;
  }

  private static void background(Work work) {
    Thread thread = new Thread(() -> {
      try {
        work.run();
      } catch (IOException e) {
        // The connection has ended, which is what a relay is cut for.
        return;
      }
    });
    thread.setDaemon(true);
    thread.start();
  }
}
