package interop;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/** Cases by name. Each outcome is written as one line of JSON: {@code {"case": name}}, with a {@code why} if it failed. */
final class Cases {
  /** Each case has a znode of its own below, which is its root. */
  static final String ROOT = "/cases";

  private static final int SECONDS_MAX = 120;

  interface Body {
    void run(Stage stage) throws Exception;
  }

  private final Map<String, Body> bodies = new LinkedHashMap<>();
  private final AtomicInteger roots = new AtomicInteger();

  void add(String name, Body body) {
    if (bodies.put(name, body) != null) throw new IllegalArgumentException("two cases are called " + name);
  }

  /** Each case has one of the addresses, in turn. */
  void run(List<String> addresses, int atATime) throws InterruptedException {
    ExecutorService running = Executors.newFixedThreadPool(atATime);
    bodies.forEach((name, body) -> running.execute(() -> report(name, why(addresses, body))));
    running.shutdown();
    running.awaitTermination(SECONDS_MAX * (long) bodies.size(), TimeUnit.SECONDS);
  }

  /** What went wrong; nothing if the case passed. */
  private String why(List<String> addresses, Body body) {
    ExecutorService limited = Executors.newSingleThreadExecutor();
    int nth = roots.incrementAndGet();
    try (Stage stage = new Stage(addresses.get(nth % addresses.size()), ROOT + "/" + nth)) {
      Future<?> result = limited.submit(() -> {
        body.run(stage);
        return null;
      });
      result.get(SECONDS_MAX, TimeUnit.SECONDS);
      return null;
    } catch (TimeoutException e) {
      return "it did not end within " + SECONDS_MAX + " s";
    } catch (Throwable e) {
      StringWriter text = new StringWriter();
      (e.getCause() == null ? e : e.getCause()).printStackTrace(new PrintWriter(text));
      return text.toString();
    } finally {
      limited.shutdownNow();
    }
  }

  private static synchronized void report(String name, String why) {
    String reason = why == null ? "" : ", \"why\": " + quoted(why);
    System.out.println("{\"case\": " + quoted(name) + reason + "}");
  }

  private static String quoted(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      if (c == '"' || c == '\\') out.append('\\').append(c);
      else if (c < ' ') out.append(String.format("\\u%04x", (int) c));
      else out.append(c);
    }
    return out.append('"').toString();
  }
}
