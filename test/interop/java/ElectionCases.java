package interop;

import static interop.Stage.eventually;
import static interop.Stage.same;
import static interop.Stage.that;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.leader.LeaderLatchListener;
import org.apache.curator.framework.recipes.leader.LeaderSelector;
import org.apache.curator.framework.recipes.leader.LeaderSelectorListenerAdapter;

/** Curator's elections. */
final class ElectionCases {
  static void addTo(Cases cases) {
    latches(cases);
    selectors(cases);
  }

  private static List<LeaderLatch> latches(Stage stage, int size) throws Exception {
    List<LeaderLatch> all = new ArrayList<>();
    for (int i = 0; i < size; i += 1) {
      LeaderLatch latch = new LeaderLatch(stage.curator(), "/latch", "member-" + i);
      latch.start();
      stage.closing(() -> {
        if (latch.getState() == LeaderLatch.State.STARTED) latch.close();
      });
      all.add(latch);
    }
    return all;
  }

  private static long leaders(List<LeaderLatch> all) {
    return all.stream().filter(LeaderLatch::hasLeadership).count();
  }

  private static void latches(Cases cases) {
    cases.add("LeaderLatch: one of many leads, and another one after it", stage -> {
      List<LeaderLatch> all = latches(stage, 4);
      while (!all.isEmpty()) {
        eventually("one leads", () -> leaders(all) == 1);
        LeaderLatch leader = all.stream().filter(LeaderLatch::hasLeadership).findFirst().orElseThrow();
        leader.close();
        all.remove(leader);
      }
    });
    cases.add("LeaderLatch: all know who takes part and who leads", stage -> {
      List<LeaderLatch> all = latches(stage, 3);
      eventually("three take part", () -> all.get(2).getParticipants().size() == 3);
      eventually("one leads", () -> leaders(all) == 1);
      String leader = all.stream().filter(LeaderLatch::hasLeadership).findFirst().orElseThrow().getId();
      for (LeaderLatch latch : all) same(leader, latch.getLeader().getId());
    });
    cases.add("LeaderLatch: tells when leadership comes and goes", stage -> {
      List<String> heard = new CopyOnWriteArrayList<>();
      LeaderLatch latch = new LeaderLatch(stage.curator(), "/latch");
      latch.addListener(new LeaderLatchListener() {
        @Override
        public void isLeader() {
          heard.add("leader");
        }

        @Override
        public void notLeader() {
          heard.add("not leader");
        }
      });
      latch.start();
      that("it leads", latch.await(20, TimeUnit.SECONDS));
      eventually("that is told", () -> heard.size() == 1);
      latch.close(LeaderLatch.CloseMode.NOTIFY_LEADER);
      eventually("both are told", () -> heard.equals(List.of("leader", "not leader")));
    });
  }

  private static void selectors(Cases cases) {
    cases.add("LeaderSelector: all lead in turn, never two at a time", stage -> {
      Set<String> led = ConcurrentHashMap.newKeySet();
      AtomicInteger leading = new AtomicInteger();
      List<String> wrong = new CopyOnWriteArrayList<>();
      for (int i = 0; i < 3; i += 1) {
        String name = "member-" + i;
        LeaderSelector selector =
            new LeaderSelector(stage.curator(), "/selector", new LeaderSelectorListenerAdapter() {
              @Override
              public void takeLeadership(CuratorFramework client) throws Exception {
                if (leading.incrementAndGet() > 1) wrong.add(name);
                Thread.sleep(20);
                leading.decrementAndGet();
                led.add(name);
              }
            });
        selector.autoRequeue();
        stage.closing(selector).start();
      }
      eventually("all have led", () -> led.size() == 3);
      same(List.of(), wrong);
    });
    cases.add("LeaderSelector: leadership can be interrupted, and moves on", stage -> {
      CountDownLatch interrupted = new CountDownLatch(1);
      CountDownLatch begun = new CountDownLatch(1);
      LeaderSelector first = new LeaderSelector(stage.curator(), "/selector", new LeaderSelectorListenerAdapter() {
        @Override
        public void takeLeadership(CuratorFramework client) throws Exception {
          begun.countDown();
          try {
            new CountDownLatch(1).await();
          } finally {
            interrupted.countDown();
          }
        }
      });
      stage.closing(first).start();
      that("the first leads", begun.await(20, TimeUnit.SECONDS));
      CountDownLatch next = new CountDownLatch(1);
      LeaderSelector second = new LeaderSelector(stage.curator(), "/selector", new LeaderSelectorListenerAdapter() {
        @Override
        public void takeLeadership(CuratorFramework client) {
          next.countDown();
        }
      });
      stage.closing(second).start();
      eventually("both take part", () -> second.getParticipants().size() == 2);
      first.interruptLeadership();
      that("it is interrupted", interrupted.await(20, TimeUnit.SECONDS));
      that("the second leads", next.await(20, TimeUnit.SECONDS));
    });
  }
}
