package interop;

import static interop.ClientCases.bytes;
import static interop.Stage.eventually;
import static interop.Stage.same;
import static interop.Stage.that;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.queue.DistributedDelayQueue;
import org.apache.curator.framework.recipes.queue.DistributedIdQueue;
import org.apache.curator.framework.recipes.queue.DistributedPriorityQueue;
import org.apache.curator.framework.recipes.queue.DistributedQueue;
import org.apache.curator.framework.recipes.queue.QueueBuilder;
import org.apache.curator.framework.recipes.queue.QueueConsumer;
import org.apache.curator.framework.recipes.queue.QueueSerializer;
import org.apache.curator.framework.recipes.queue.SimpleDistributedQueue;
import org.apache.curator.framework.state.ConnectionState;

/** Curator's queues. */
final class QueueCases {
  private static final class Text implements QueueSerializer<String> {
    @Override
    public byte[] serialize(String item) {
      return bytes(item);
    }

    @Override
    public String deserialize(byte[] data) {
      return new String(data, UTF_8);
    }
  }

  private static final class Consumer implements QueueConsumer<String> {
    final List<String> consumed = new CopyOnWriteArrayList<>();

    @Override
    public void consumeMessage(String message) {
      consumed.add(message);
    }

    @Override
    public void stateChanged(CuratorFramework client, ConnectionState state) {
      // Only the messages matter here.
    }

    void consumes(List<String> expected) throws Exception {
      eventually("all are consumed", () -> consumed.size() >= expected.size());
      same(expected, consumed);
    }
  }

  static void addTo(Cases cases) {
    ordered(cases);
    special(cases);
    simple(cases);
  }

  private static QueueBuilder<String> builder(Stage stage, Consumer consumer) throws Exception {
    return QueueBuilder.builder(stage.curator(), consumer, new Text(), "/queue");
  }

  private static void ordered(Cases cases) {
    cases.add("DistributedQueue: everything, in order", stage -> {
      Consumer consumer = new Consumer();
      DistributedQueue<String> queue = stage.closing(builder(stage, consumer).lockPath("/locks").buildQueue());
      queue.start();
      List<String> expected = new ArrayList<>();
      for (int i = 0; i < 30; i += 1) {
        queue.put("item " + i);
        expected.add("item " + i);
      }
      consumer.consumes(expected);
    });
    cases.add("DistributedQueue: two consumers have everything once between them", stage -> {
      Consumer one = new Consumer();
      Consumer two = new Consumer();
      DistributedQueue<String> first = stage.closing(builder(stage, one).lockPath("/locks").buildQueue());
      DistributedQueue<String> second = stage.closing(builder(stage, two).lockPath("/locks").buildQueue());
      first.start();
      second.start();
      for (int i = 0; i < 40; i += 1) first.put("item " + i);
      eventually("all are consumed", () -> one.consumed.size() + two.consumed.size() >= 40);
      HashSet<String> all = new HashSet<>(one.consumed);
      all.addAll(two.consumed);
      same(40, all.size());
      same(40, one.consumed.size() + two.consumed.size());
    });
    cases.add("DistributedPriorityQueue: what is urgent comes first", stage -> {
      Consumer consumer = new Consumer();
      DistributedPriorityQueue<String> writing =
          stage.closing(QueueBuilder.<String>builder(stage.curator(), null, new Text(), "/queue").buildPriorityQueue(0));
      writing.start();
      writing.put("later", 9);
      writing.put("now", 1);
      writing.put("soon", 5);
      that("all are written", writing.flushPuts(20, TimeUnit.SECONDS));
      DistributedPriorityQueue<String> reading = stage.closing(builder(stage, consumer).buildPriorityQueue(0));
      reading.start();
      consumer.consumes(List.of("now", "soon", "later"));
    });
  }

  private static void special(Cases cases) {
    cases.add("DistributedDelayQueue: not before its time", stage -> {
      Consumer consumer = new Consumer();
      DistributedDelayQueue<String> queue = stage.closing(builder(stage, consumer).buildDelayQueue());
      queue.start();
      long now = System.currentTimeMillis();
      queue.put("second", now + 3_000);
      queue.put("first", now + 1_000);
      consumer.consumes(List.of("first", "second"));
      that("time has passed", System.currentTimeMillis() >= now + 3_000);
    });
    cases.add("DistributedIdQueue: an item can be taken back by its id", stage -> {
      DistributedIdQueue<String> writing =
          stage.closing(QueueBuilder.<String>builder(stage.curator(), null, new Text(), "/queue").buildIdQueue());
      writing.start();
      writing.put("wanted", "id-1");
      writing.put("unwanted", "id-2");
      that("all are written", writing.flushPuts(20, TimeUnit.SECONDS));
      same(1, writing.remove("id-2"));
      Consumer consumer = new Consumer();
      DistributedIdQueue<String> reading = stage.closing(builder(stage, consumer).buildIdQueue());
      reading.start();
      consumer.consumes(List.of("wanted"));
    });
  }

  private static void simple(Cases cases) {
    cases.add("SimpleDistributedQueue: offer, peek, poll and take", stage -> {
      SimpleDistributedQueue queue = new SimpleDistributedQueue(stage.curator(), "/queue");
      same(null, queue.poll());
      queue.offer(bytes("one"));
      queue.offer(bytes("two"));
      same("one", new String(queue.peek(), UTF_8));
      same("one", new String(queue.take(), UTF_8));
      same("two", new String(queue.poll(20, TimeUnit.SECONDS), UTF_8));
      same(null, queue.poll(100, TimeUnit.MILLISECONDS));
    });
    cases.add("SimpleDistributedQueue: take waits for an offer", stage -> {
      SimpleDistributedQueue queue = new SimpleDistributedQueue(stage.curator(), "/queue");
      SimpleDistributedQueue other = new SimpleDistributedQueue(stage.curator(), "/queue");
      CompletableFuture<String> taken = CompletableFuture.supplyAsync(() -> {
        try {
          return new String(queue.take(), UTF_8);
        } catch (Exception e) {
          throw new IllegalStateException(e);
        }
      });
      other.offer(bytes("x"));
      same("x", taken.get(20, TimeUnit.SECONDS));
    });
  }
}
