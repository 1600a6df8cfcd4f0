package interop;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.ExponentialBackoffRetry;

/**
 * Curator as one of a mixed company: {@code Company host:port sessionMs}. It is told by lines of JSON what to do with
 * which tool, {@code {"id": 1, "tool": "a", "what": "acquire"}}, and answers each by {@code {"id": 1, "answer": ...}} or
 * {@code {"id": 1, "error": ...}}. What one tool is told, it does in one thread, one after the other.
 */
public final class Company {
  /** One of Curator's recipes at one path. */
  interface Tool {
    Object perform(String what, JsonNode with) throws Exception;
  }

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int CONNECT_SECONDS = 20;

  private final Map<String, Tool> tools = new ConcurrentHashMap<>();
  private final Map<String, ExecutorService> threads = new HashMap<>();
  private final CuratorFramework curator;

  private Company(CuratorFramework curator) {
    this.curator = curator;
  }

  public static void main(String[] arguments) throws Exception {
    CuratorFramework curator = CuratorFrameworkFactory.builder()
        .connectString(arguments[0])
        .sessionTimeoutMs(Integer.parseInt(arguments[1]))
        .connectionTimeoutMs(2_000)
        .ensembleTracker(false)
        .retryPolicy(new ExponentialBackoffRetry(50, 20, 500))
        .build();
    curator.start();
    if (!curator.blockUntilConnected(CONNECT_SECONDS, TimeUnit.SECONDS)) throw new AssertionError("no session");
    say(Map.of("ready", true));
    Company company = new Company(curator);
    BufferedReader told = new BufferedReader(new InputStreamReader(System.in));
    for (String line = told.readLine(); line != null; line = told.readLine()) company.hear(JSON.readTree(line));
    System.exit(0);
  }

  private void hear(JsonNode told) {
    String name = told.get("tool").asText();
    threads.computeIfAbsent(name, any -> Executors.newSingleThreadExecutor()).execute(() -> {
      Map<String, Object> answer = new LinkedHashMap<>();
      answer.put("id", told.get("id").asInt());
      try {
        answer.put("answer", perform(name, told.get("what").asText(), told));
      } catch (Throwable e) {
        answer.put("error", String.valueOf(e));
      }
      say(answer);
    });
  }

  private Object perform(String name, String what, JsonNode told) throws Exception {
    if (!what.equals("open")) return tools.get(name).perform(what, told);
    String path = told.get("path").asText();
    tools.put(name, CompanyTools.open(curator, told.get("kind").asText(), path, told));
    return null;
  }

  private static synchronized void say(Map<String, ?> line) {
    try {
      System.out.println(JSON.writeValueAsString(line));
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
