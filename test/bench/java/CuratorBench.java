package bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.ExponentialBackoffRetry;

/**
 * Curator's side of the benchmark of services: {@code CuratorBench host:port sessionMs}. It is told by lines of JSON what
 * to measure, {@code {"id": 1, "what": "handOver", ...}}, and answers each by {@code {"id": 1, "answer": ...}} or
 * {@code {"id": 1, "error": ...}}.
 */
public final class CuratorBench {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int CONNECT_SECONDS = 60;

  private final String address;
  private final int sessionMs;
  private final List<CuratorFramework> sessions = new ArrayList<>();

  private CuratorBench(String address, int sessionMs) {
    this.address = address;
    this.sessionMs = sessionMs;
  }

  public static void main(String[] arguments) throws Exception {
    CuratorBench bench = new CuratorBench(arguments[0], Integer.parseInt(arguments[1]));
    bench.sessions(1);
    Loads loads = new Loads(bench);
    say(Map.of("ready", true));
    ExecutorService serving = Executors.newCachedThreadPool();
    BufferedReader told = new BufferedReader(new InputStreamReader(System.in));
    for (String line = told.readLine(); line != null; line = told.readLine()) {
      JsonNode with = JSON.readTree(line);
      serving.execute(() -> serve(loads, with));
    }
    System.exit(0);
  }

  /** The first so many sessions; those that are missing are opened. */
  synchronized List<CuratorFramework> sessions(int many) throws Exception {
    List<CuratorFramework> opened = new ArrayList<>();
    while (sessions.size() + opened.size() < many) opened.add(open());
    for (CuratorFramework one : opened) {
      if (!one.blockUntilConnected(CONNECT_SECONDS, TimeUnit.SECONDS)) throw new AssertionError("no session");
      sessions.add(one);
    }
    return new ArrayList<>(sessions.subList(0, many));
  }

  private CuratorFramework open() {
    CuratorFramework curator = CuratorFrameworkFactory.builder()
        .connectString(address)
        .sessionTimeoutMs(sessionMs)
        .connectionTimeoutMs(30_000)
        .ensembleTracker(false)
        .retryPolicy(new ExponentialBackoffRetry(50, 20, 500))
        .build();
    curator.start();
    return curator;
  }

  private static void serve(Loads loads, JsonNode told) {
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("id", told.get("id").asInt());
    try {
      answer.put("answer", loads.perform(told.get("what").asText(), told));
    } catch (Throwable e) {
      e.printStackTrace();
      answer.put("error", String.valueOf(e));
    }
    say(answer);
  }

  private static synchronized void say(Map<String, ?> line) {
    try {
      System.out.println(JSON.writeValueAsString(line));
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
